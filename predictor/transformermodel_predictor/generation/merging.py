"""Merges asynchronous streams, and puts an item back in front of one."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TypeVar

from transformermodel_predictor.generation.concurrency import for_each

_Item = TypeVar("_Item")


async def begun(first: _Item, rest: AsyncGenerator[_Item, None]) -> AsyncGenerator[_Item, None]:
    """A stream whose first item has been taken, with that item put back."""
    yield first
    async for item in rest:
        yield item


async def merge(
    streams: Sequence[AsyncGenerator[_Item, None]], at_once: int
) -> AsyncGenerator[tuple[int, _Item], None]:
    """The items of all streams as they arrive, each with its stream's index. Closing it closes the running streams.

    Args:
        streams: not started.
        at_once: number of streams that run at a time; the next starts when one ends.

    Raises:
        Exception: that of the first stream to fail.
    """
    items: asyncio.Queue[tuple[int, _Item] | None] = asyncio.Queue()

    async def forward(numbered: tuple[int, AsyncGenerator[_Item, None]]) -> None:
        number, stream = numbered
        async with aclosing(stream):
            async for item in stream:
                items.put_nowait((number, item))

    async def forward_all() -> None:
        try:
            await for_each(enumerate(streams), forward, min(at_once, len(streams)))
        finally:
            items.put_nowait(None)

    forwarding = asyncio.create_task(forward_all())
    try:
        while (item := await items.get()) is not None:
            yield item
        await forwarding
    finally:
        forwarding.cancel()
        await asyncio.gather(forwarding, return_exceptions=True)
