"""Each item is worked on by one worker at a time, and never forgotten."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from transformermodel_operator.queue import LONGEST_DELAY, QueueClosed, WorkQueue


class ManualTimer:
    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self.seconds = seconds
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualScheduler:
    """Time that passes when a test says so."""

    def __init__(self) -> None:
        self.timers: list[ManualTimer] = []

    def call_later(self, delay: float, callback: Callable[[Any], None], item: Any, /) -> ManualTimer:
        self.timers.append(ManualTimer(delay, lambda: callback(item)))
        return self.timers[-1]

    def arranged(self) -> list[float]:
        return [timer.seconds for timer in self.timers if not timer.cancelled]

    def pass_time(self) -> None:
        due, self.timers = self.timers, []
        for timer in due:
            if not timer.cancelled:
                timer.call()


@pytest.fixture
def scheduler() -> ManualScheduler:
    return ManualScheduler()


@pytest.fixture
def queue(scheduler: ManualScheduler) -> WorkQueue[str]:
    return WorkQueue(scheduler, jitter=lambda: 1.0)


async def test_an_item_that_is_added_often_is_taken_once(queue: WorkQueue[str]) -> None:
    for item in ("a", "b", "a", "a"):
        queue.add(item)
    assert [await queue.take(), await queue.take()] == ["a", "b"]
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    waiting.cancel()


async def test_who_waits_is_woken(queue: WorkQueue[str]) -> None:
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    queue.add("a")
    assert await waiting == "a"


async def test_an_item_in_work_is_not_given_to_another_worker_but_comes_again(queue: WorkQueue[str]) -> None:
    queue.add("a")
    await queue.take()
    queue.add("a")
    queue.add("a")
    queue.add("b")
    assert await queue.take() == "b"
    queue.done("a")
    assert await queue.take() == "a"
    queue.done("a")
    assert len(queue) == 0, "it was asked for twice, and not again since"


async def test_an_item_can_come_later(queue: WorkQueue[str], scheduler: ManualScheduler) -> None:
    queue.add_later("a", 15)
    assert scheduler.arranged() == [15]
    scheduler.pass_time()
    assert await queue.take() == "a"


async def test_what_was_arranged_is_off_when_the_item_comes_earlier(
    queue: WorkQueue[str], scheduler: ManualScheduler
) -> None:
    queue.add_later("a", 15)
    queue.add("a")
    await queue.take()
    assert scheduler.arranged() == []


def test_the_last_arrangement_counts(queue: WorkQueue[str], scheduler: ManualScheduler) -> None:
    queue.add_later("a", 15)
    queue.add_later("a", 60)
    assert scheduler.arranged() == [60]


def test_failures_of_an_item_delay_it_longer_and_longer(queue: WorkQueue[str]) -> None:
    assert [queue.failed("a") for _ in range(4)] == [0.2, 0.4, 0.8, 1.6]
    assert queue.failed("b") == 0.2
    for _ in range(100):
        assert queue.failed("a") <= LONGEST_DELAY
    queue.succeeded("a")
    assert queue.failed("a") == 0.2


def test_a_server_that_asks_for_time_gets_it(queue: WorkQueue[str], scheduler: ManualScheduler) -> None:
    assert queue.failed("a", at_least=7) >= 7
    assert scheduler.arranged()[0] >= 7


def test_those_who_failed_together_do_not_come_back_together(scheduler: ManualScheduler) -> None:
    where = iter([0.0, 0.5, 1.0])
    queue: WorkQueue[str] = WorkQueue(scheduler, jitter=lambda: next(where))
    assert [round(queue.failed(item), 3) for item in ("a", "b", "c")] == [0.1, 0.15, 0.2]


async def test_a_closed_queue_gives_nothing_away_and_tells_who_waits(queue: WorkQueue[str]) -> None:
    waiting = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    queue.close()
    with pytest.raises(QueueClosed):
        await waiting
    queue.add("a")
    with pytest.raises(QueueClosed):
        await queue.take()


class Counted:
    """What a queue has told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, float]] = []

    def added(self) -> None:
        self.told.append(("added", 0))

    def taken(self, waited: float) -> None:
        self.told.append(("taken", waited))

    def ended(self, worked: float) -> None:
        self.told.append(("ended", worked))

    def retried(self) -> None:
        self.told.append(("retried", 0))


async def test_it_tells_how_long_items_waited_and_were_worked_on(scheduler: ManualScheduler) -> None:
    counted, times = Counted(), iter([10.0, 13.0, 14.0, 18.0])
    queue: WorkQueue[str] = WorkQueue(scheduler, counted, clock=lambda: next(times))
    queue.add("a")
    queue.add("a")
    assert len(queue) == 1
    await queue.take()
    assert queue.worked_on() == (1.0,)
    queue.failed("a")
    queue.done("a")
    assert counted.told == [("added", 0), ("taken", 3), ("retried", 0), ("ended", 5)]
