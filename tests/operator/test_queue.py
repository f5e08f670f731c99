"""Each item is worked on by one worker at a time, and never forgotten."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from transformermodel_operator.client import ApiError
from transformermodel_operator.queue import LONGEST_DELAY, WorkQueue, work


class ManualTimer:
    def __init__(self, seconds: float, call: Callable[[], None]) -> None:
        self.seconds = seconds
        self.call = call
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class ManualClockwork:
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
def clockwork() -> ManualClockwork:
    return ManualClockwork()


@pytest.fixture
def queue(clockwork: ManualClockwork) -> WorkQueue[str]:
    return WorkQueue(clockwork)


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


async def test_an_item_can_come_later(queue: WorkQueue[str], clockwork: ManualClockwork) -> None:
    queue.add_later("a", 15)
    assert clockwork.arranged() == [15]
    clockwork.pass_time()
    assert await queue.take() == "a"


async def test_what_was_arranged_is_off_when_the_item_comes_earlier(
    queue: WorkQueue[str], clockwork: ManualClockwork
) -> None:
    queue.add_later("a", 15)
    queue.add("a")
    await queue.take()
    assert clockwork.arranged() == []


def test_the_last_arrangement_counts(queue: WorkQueue[str], clockwork: ManualClockwork) -> None:
    queue.add_later("a", 15)
    queue.add_later("a", 60)
    assert clockwork.arranged() == [60]


def test_failures_of_an_item_delay_it_longer_and_longer(queue: WorkQueue[str]) -> None:
    assert [queue.failed("a") for _ in range(4)] == [0.5, 1, 2, 4]
    assert queue.failed("b") == 0.5
    for _ in range(100):
        assert queue.failed("a") <= LONGEST_DELAY
    queue.succeeded("a")
    assert queue.failed("a") == 0.5


class Recorded:
    """A reconciler whose answers are written down; at their end the test goes on."""

    def __init__(self, *answers: float | Exception | None) -> None:
        self.answers = list(answers)
        self.seen: list[str] = []
        self.over = asyncio.Event()

    async def __call__(self, item: str) -> float | None:
        self.seen.append(item)
        if not self.answers:
            self.over.set()
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def run_to_the_end(queue: WorkQueue[str], reconcile: Recorded) -> None:
    worker = asyncio.create_task(work(queue, reconcile))
    await reconcile.over.wait()
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker


async def test_a_worker_goes_on_after_any_error(
    queue: WorkQueue[str], clockwork: ManualClockwork, caplog: pytest.LogCaptureFixture
) -> None:
    for item in ("a", "b", "c"):
        queue.add(item)
    reconcile = Recorded(ApiError(500, "the API server is ill"), ValueError("a fault of ours"))
    await run_to_the_end(queue, reconcile)
    assert reconcile.seen == ["a", "b", "c"]
    assert clockwork.arranged() == [0.5, 0.5]
    expected, unexpected = caplog.records
    assert expected.getMessage() == "a: the API server is ill; again in 0.5 s"
    assert not expected.exc_info
    assert unexpected.exc_info


async def test_a_worker_arranges_what_was_asked_for(queue: WorkQueue[str], clockwork: ManualClockwork) -> None:
    for item in ("a", "b", "c"):
        queue.add(item)
    await run_to_the_end(queue, Recorded(15.0, None))
    assert clockwork.arranged() == [15.0]


async def test_what_a_worker_leaves_unfinished_waits_for_the_next(queue: WorkQueue[str]) -> None:
    queue.add("a")
    await run_to_the_end(queue, Recorded())
    assert await queue.take() == "a"
