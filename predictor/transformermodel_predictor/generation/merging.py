"""Streams of items put together: several in the order in which their items come, or one with what was taken of it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TypeVar

_Item = TypeVar("_Item")


async def begun(first: _Item, rest: AsyncGenerator[_Item, None]) -> AsyncGenerator[_Item, None]:
    """A stream whose first item has been taken already, from that item on."""
    yield first
    async for item in rest:
        yield item


async def merged(streams: Sequence[AsyncGenerator[_Item, None]]) -> AsyncGenerator[tuple[int, _Item], None]:
    """The items of all streams, each with its stream's number. Closing it closes them.

    Raises:
        Exception: what the first stream that fails raises.
    """
    items: asyncio.Queue[tuple[int, _Item] | None] = asyncio.Queue()

    async def pump(index: int, stream: AsyncGenerator[_Item, None]) -> None:
        try:
            async with aclosing(stream):
                async for item in stream:
                    items.put_nowait((index, item))
        finally:
            items.put_nowait(None)

    pumps = [asyncio.create_task(pump(index, stream)) for index, stream in enumerate(streams)]
    try:
        left = len(pumps)
        while left:
            item = await items.get()
            if item is not None:
                yield item
                continue
            left -= 1
            for task in pumps:
                if task.done() and not task.cancelled():
                    task.result()
        await asyncio.gather(*pumps)
    finally:
        for task in pumps:
            task.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)
