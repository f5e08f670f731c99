"""A worker goes on whatever becomes of the models that it works on."""

import asyncio
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from tests.operator.test_queue import ManualScheduler, ManualTimer
from transformermodel_operator.client import ApiError
from transformermodel_operator.logs import JsonFormatter
from transformermodel_operator.objects import Key
from transformermodel_operator.queue import WorkQueue
from transformermodel_operator.worker import NO_OP_INSTRUMENTATION, Instrumentation, NoOpInstrumentation, Outcome, work

A, B, C = (Key("team", name) for name in "abc")


@pytest.fixture
def scheduler() -> ManualScheduler:
    return ManualScheduler()


@pytest.fixture
def queue(scheduler: ManualScheduler) -> WorkQueue[Key]:
    return WorkQueue(scheduler, jitter=lambda: 1.0)


class Recorded:
    """A reconciler whose answers are written down; at their end the test goes on."""

    def __init__(self, *answers: float | Exception | None) -> None:
        self.answers = list(answers)
        self.seen: list[Key] = []
        self.over = asyncio.Event()

    async def __call__(self, item: Key) -> float | None:
        self.seen.append(item)
        if not self.answers:
            self.over.set()
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


async def run_to_the_end(
    queue: WorkQueue[Key], reconcile: Recorded, instrumentation: Instrumentation = NO_OP_INSTRUMENTATION
) -> None:
    worker = asyncio.create_task(work(queue, reconcile, instrumentation))
    await reconcile.over.wait()
    worker.cancel()
    with pytest.raises(asyncio.CancelledError):
        await worker


async def test_a_worker_goes_on_after_any_error(
    queue: WorkQueue[Key], scheduler: ManualScheduler, caplog: pytest.LogCaptureFixture
) -> None:
    for item in (A, B, C):
        queue.add(item)
    reconcile = Recorded(ApiError(500, "the API server is ill"), ValueError("a fault of ours"))
    await run_to_the_end(queue, reconcile)
    assert reconcile.seen == [A, B, C]
    assert scheduler.arranged() == [0.2, 0.2]
    expected, unexpected = caplog.records
    assert expected.getMessage() == "team/a: the API server is ill; again in 0.2 s"
    assert not expected.exc_info
    assert unexpected.exc_info


async def test_a_worker_arranges_what_was_asked_for(queue: WorkQueue[Key], scheduler: ManualScheduler) -> None:
    for item in (A, B, C):
        queue.add(item)
    await run_to_the_end(queue, Recorded(15.0, None))
    assert scheduler.arranged() == [15.0]


async def test_failures_are_forgotten_once_it_succeeds() -> None:
    class Hasty(ManualScheduler):
        """What is arranged comes at once."""

        def call_later(self, delay: float, callback: Callable[[Any], None], item: Any, /) -> ManualTimer:
            timer = super().call_later(delay, callback, item)
            asyncio.get_running_loop().call_soon(timer.call)
            return timer

    scheduler = Hasty()
    queue: WorkQueue[Key] = WorkQueue(scheduler, jitter=lambda: 1.0)
    queue.add(A)
    ill = ApiError(500, "ill")
    await run_to_the_end(queue, Recorded(ill, ill, 15.0, ill))
    assert scheduler.arranged() == [0.2, 0.4, 15.0, 0.2]


async def test_that_somebody_else_was_faster_is_no_reason_to_look(
    queue: WorkQueue[Key], caplog: pytest.LogCaptureFixture
) -> None:
    for item in (A, B, C):
        queue.add(item)
    caplog.set_level(logging.INFO)
    await run_to_the_end(queue, Recorded(ApiError(409, "modified"), ApiError(500, "ill")))
    assert [record.levelname for record in caplog.records] == ["INFO", "WARNING"]


async def test_what_a_worker_leaves_unfinished_waits_for_the_next(queue: WorkQueue[Key]) -> None:
    queue.add(A)
    await run_to_the_end(queue, Recorded())
    assert await queue.take() == A


async def test_a_server_that_asks_for_time_is_left_alone(queue: WorkQueue[Key], scheduler: ManualScheduler) -> None:
    queue.add(A)
    queue.add(B)
    await run_to_the_end(queue, Recorded(ApiError(429, "too many requests", retry_after=9)))
    assert scheduler.arranged()[0] >= 9


async def test_the_work_at_hand_is_finished_when_the_queue_is_closed(queue: WorkQueue[Key]) -> None:
    begun, finish, finished = asyncio.Event(), asyncio.Event(), []

    async def reconcile(item: Key) -> None:
        begun.set()
        await finish.wait()
        finished.append(item)

    queue.add(A)
    queue.add(B)
    worker = asyncio.create_task(work(queue, reconcile))
    await begun.wait()
    queue.close()
    finish.set()
    await worker
    assert finished == [A]


class Recording(NoOpInstrumentation):
    def __init__(self) -> None:
        self.outcomes: list[Outcome] = []

    def reconciled(self, outcome: Outcome, seconds: float) -> None:
        self.outcomes.append(outcome)


async def test_it_tells_what_each_reconciliation_has_come_to(queue: WorkQueue[Key]) -> None:
    recording = Recording()
    for item in (A, B, C):
        queue.add(item)
    queue.add(Key("team", "last"))
    await run_to_the_end(queue, Recorded(None, 15.0, ApiError(500, "ill")), recording)
    assert recording.outcomes == [Outcome.success, Outcome.requeue_after, Outcome.error]


async def test_what_is_logged_names_the_model(queue: WorkQueue[Key], caplog: pytest.LogCaptureFixture) -> None:
    lines: list[dict[str, str]] = []

    class Lines(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(json.loads(JsonFormatter().format(record)))

    handler = Lines()
    logging.getLogger("transformermodel_operator").addHandler(handler)
    try:
        queue.add(A)
        queue.add(B)
        await run_to_the_end(queue, Recorded(ApiError(500, "ill")))
    finally:
        logging.getLogger("transformermodel_operator").removeHandler(handler)
    assert {(line["namespace"], line["model"]) for line in lines} == {("team", "a")}


async def test_others_come_to_their_turn_between_models_for_which_nothing_is_to_do(queue: WorkQueue[Key]) -> None:
    for item in (A, B, C):
        queue.add(item)
    seen = []

    async def reconcile(key: Key) -> None:
        seen.append(key)

    worker = asyncio.create_task(work(queue, reconcile))
    await asyncio.sleep(0)
    assert seen == [A]
    worker.cancel()
