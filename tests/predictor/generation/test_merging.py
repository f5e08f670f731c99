"""Several streams as one."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from transformermodel_predictor.generation.merging import merge


class Streams:
    """Streams of one item each, after which nothing comes; and which of them were closed."""

    def __init__(self) -> None:
        self.closed: list[int] = []

    async def open(self, number: int) -> AsyncGenerator[str, None]:
        try:
            yield f"item of {number}"
            await asyncio.Event().wait()
        finally:
            self.closed.append(number)


async def test_closing_it_closes_the_streams_that_have_begun() -> None:
    streams = Streams()
    together = merge([streams.open(number) for number in range(3)], at_once=2)
    assert {await anext(together), await anext(together)} == {(0, "item of 0"), (1, "item of 1")}
    await asyncio.wait_for(together.aclose(), PATIENCE_SECONDS)
    assert sorted(streams.closed) == [0, 1]


async def test_a_stream_that_fails_closes_the_others_and_is_told() -> None:
    async def failing() -> AsyncGenerator[str, None]:
        yield "last"
        raise ArithmeticError("no more")

    streams = Streams()
    together = merge([streams.open(0), failing()], at_once=2)
    assert {await anext(together), await anext(together)} == {(0, "item of 0"), (1, "last")}
    with pytest.raises(ArithmeticError, match="no more"):
        await asyncio.wait_for(anext(together), PATIENCE_SECONDS)
    assert streams.closed == [0]
