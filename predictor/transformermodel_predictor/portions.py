"""Long work of the event loop in portions, between which whoever else waits for the loop has a turn."""

import asyncio
from collections.abc import AsyncGenerator, Iterable
from typing import TypeVar

_Item = TypeVar("_Item")

PORTION = 64
"""Rows that are worked on at one go: some milliseconds of them, as each takes some tens of microseconds."""


async def in_portions(items: Iterable[_Item], size: int = PORTION) -> AsyncGenerator[_Item, None]:
    """The items in their order. After each `size` of them the event loop does what else there is to do.

    What no more than fills one portion is gone through without a pause.
    """
    for number, item in enumerate(items):
        if number and number % size == 0:
            await asyncio.sleep(0)
        yield item
