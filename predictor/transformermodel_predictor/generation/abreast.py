"""Many pieces of work, so many of them at once."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")


async def abreast(items: Iterable[_Item], work: Callable[[_Item], Awaitable[None]], at_once: int) -> None:
    """Work on all items, the first ones first; the next begins when one before it is done.

    Nothing is under way any more when it returns, raises or has been cancelled.

    Args:
        items: each is taken when its work begins.
        work: on one of them.
        at_once: how many are worked on at a time.

    Raises:
        Exception: what the first work that fails raises; the others are cancelled.
    """
    left = iter(items)

    async def lane() -> None:
        for item in left:
            await work(item)

    lanes = [asyncio.ensure_future(lane()) for _ in range(at_once)]
    try:
        await asyncio.gather(*lanes)
    finally:
        for task in lanes:
            task.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
