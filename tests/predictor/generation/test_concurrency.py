"""Many pieces of work, so many of them at once."""

import asyncio

import pytest

from transformermodel_predictor.generation.concurrency import for_each


class Desk:
    """Work that ends when a test says so."""

    def __init__(self) -> None:
        self.begun: list[int] = []
        self.ended: list[int] = []
        self.may_end = asyncio.Semaphore(0)
        self._newly_begun = asyncio.Semaphore(0)

    async def wait_for(self, begun: int) -> None:
        """Return when so many more have begun."""
        for _ in range(begun):
            await self._newly_begun.acquire()

    async def work(self, item: int) -> None:
        self.begun.append(item)
        self._newly_begun.release()
        try:
            await self.may_end.acquire()
        finally:
            self.ended.append(item)


async def test_the_next_begins_when_one_before_it_is_done() -> None:
    desk = Desk()
    working = asyncio.create_task(for_each(range(5), desk.work, 2))
    await desk.wait_for(2)
    assert (desk.begun, desk.ended) == ([0, 1], [])

    desk.may_end.release()
    await desk.wait_for(1)
    assert (desk.begun, len(desk.ended)) == ([0, 1, 2], 1)

    for _ in range(4):
        desk.may_end.release()
    await working
    assert sorted(desk.ended) == desk.begun == [0, 1, 2, 3, 4]


async def test_what_fails_ends_all_and_nothing_is_under_way_any_more() -> None:
    desk = Desk()

    async def work(item: int) -> None:
        if item == 2:
            raise ArithmeticError("item 2")
        await desk.work(item)

    with pytest.raises(ArithmeticError, match="item 2"):
        await for_each(range(5), work, 3)

    assert desk.begun == desk.ended == [0, 1]


async def test_when_it_is_cancelled_nothing_is_under_way_any_more() -> None:
    desk = Desk()
    working = asyncio.create_task(for_each(range(5), desk.work, 2))
    await desk.wait_for(2)

    working.cancel()
    with pytest.raises(asyncio.CancelledError):
        await working

    assert desk.begun == desk.ended == [0, 1]
