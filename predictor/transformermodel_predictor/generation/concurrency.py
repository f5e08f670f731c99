"""Runs work on many items with bounded concurrency."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")


async def for_each(items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]], at_once: int) -> None:
    """Work on all items in order, at most `at_once` at a time.

    No work is left running when it returns, raises or is cancelled.

    Args:
        items: each is taken when its work starts.
        work: the coroutine function to run on each item.
        at_once: number of concurrent tasks.

    Raises:
        Exception: that of the first work to fail; the others are cancelled.
    """
    remaining = iter(items)

    async def run() -> None:
        for item in remaining:
            await work(item)

    tasks = [asyncio.ensure_future(run()) for _ in range(at_once)]
    try:
        await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
