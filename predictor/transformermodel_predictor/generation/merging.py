"""Streams of items put together: several in the order in which their items come, or one with what was taken of it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TypeVar

from transformermodel_predictor.generation.abreast import abreast

_Item = TypeVar("_Item")


async def begun(first: _Item, rest: AsyncGenerator[_Item, None]) -> AsyncGenerator[_Item, None]:
    """A stream whose first item has been taken already, from that item on."""
    yield first
    async for item in rest:
        yield item


async def merged(
    streams: Sequence[AsyncGenerator[_Item, None]], at_once: int
) -> AsyncGenerator[tuple[int, _Item], None]:
    """The items of all streams, each with its stream's number. Closing it closes those that have begun.

    Args:
        streams: not begun.
        at_once: how many are listened to at a time; the next begins when one before it has ended.

    Raises:
        Exception: what the first stream that fails raises.
    """
    items: asyncio.Queue[tuple[int, _Item] | None] = asyncio.Queue()

    async def listen(numbered: tuple[int, AsyncGenerator[_Item, None]]) -> None:
        number, stream = numbered
        async with aclosing(stream):
            async for item in stream:
                items.put_nowait((number, item))

    async def listen_to_all() -> None:
        try:
            await abreast(enumerate(streams), listen, min(at_once, len(streams)))
        finally:
            items.put_nowait(None)

    listening = asyncio.create_task(listen_to_all())
    try:
        while (item := await items.get()) is not None:
            yield item
        await listening
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
