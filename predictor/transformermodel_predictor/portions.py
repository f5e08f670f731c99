"""Splits long work on the event loop into portions, between which other tasks run."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")

PORTION = 64
"""Rows per portion: a few milliseconds of work, at tens of microseconds per row."""


async def in_portions(items: Iterable[_Item], size: int = PORTION) -> AsyncGenerator[_Item, None]:
    """The items in order, yielding to the event loop after every `size` of them.

    Items that fit into one portion are returned without a pause.
    """
    for number, item in enumerate(items):
        if number and number % size == 0:
            await asyncio.sleep(0)
        yield item
