"""What the scheduler does while an engine is busy, with an engine that the test holds."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import Any, TypeVar

import pytest

from tests.predictor.gated import PATIENCE_SECONDS, GatedEngine
from transformermodel_predictor.batching import BatchLimits, Overloaded, Scheduler
from transformermodel_predictor.device_thread import DeviceThread, ShutDown
from transformermodel_predictor.tasks.task import Encoding, Outputs, Windows
from transformermodel_predictor.telemetry.observer import Unobserved

Result = TypeVar("Result")


class Lengths:
    """A codec whose questions are numbers of tokens, or lists of them for several windows, and answered with them.

    Attributes:
        calls: the questions of each call of the tokenizer.
        refused: questions at which the tokenizer fails.
        undecodable: and those at which decoding does.
    """

    def __init__(self) -> None:
        self.calls: list[list[Any]] = []
        self.refused: frozenset[int] = frozenset()
        self.undecodable: frozenset[int] = frozenset()

    def encode(self, questions: Sequence[Any]) -> list[Windows]:
        self.calls.append(list(questions))
        if refused := [question for question in questions if question in self.refused]:
            raise ValueError(f"cannot tokenize {refused}")
        windows = [question if isinstance(question, tuple) else (question,) for question in questions]
        return [tuple(Encoding({"input_ids": [0] * length}) for length in lengths) for lengths in windows]

    def decode(
        self, questions: Sequence[Any], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Any]:
        if undecodable := [question for question in questions if question in self.undecodable]:
            raise ArithmeticError(f"cannot decode {undecodable}")
        return [[int(output["logits"][0]) for output in parts] for parts in outputs]


@pytest.fixture
def worker(gated_engine: GatedEngine) -> Iterator[DeviceThread]:
    with DeviceThread("engine") as thread:
        yield thread
        gated_engine.open()


@pytest.fixture
def codec() -> Lengths:
    return Lengths()


@pytest.fixture
def scheduler(codec: Lengths, gated_engine: GatedEngine, worker: DeviceThread) -> Scheduler[Any, Any]:
    return Scheduler(codec, gated_engine, worker)


async def begun(work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """A task that has run to its first wait."""
    task = asyncio.create_task(work)
    await asyncio.sleep(0)
    return task


async def busy(engine: GatedEngine) -> None:
    await asyncio.to_thread(engine.wait_until_busy)


async def test_an_idle_engine_begins_at_once_with_what_there_is(
    scheduler: Scheduler[Any, Any], gated_engine: GatedEngine
) -> None:
    answer = await begun(scheduler.answer([5]))
    await busy(gated_engine)
    assert gated_engine.lengths == [[5]]
    gated_engine.release()
    assert await answer == [[5]]


async def test_what_comes_while_the_engine_is_busy_goes_together_next(
    scheduler: Scheduler[Any, Any], gated_engine: GatedEngine, codec: Lengths
) -> None:
    first = await begun(scheduler.answer([5]))
    await busy(gated_engine)
    second = await begun(scheduler.answer([7, 3]))
    third = await begun(scheduler.answer([9]))
    gated_engine.open()
    assert [await answer for answer in (first, second, third)] == [[[5]], [[7], [3]], [[9]]]
    assert [sorted(step) for step in gated_engine.lengths] == [[5], [3, 7, 9]]
    assert codec.calls == [[5], [7, 3, 9]], "requests that wait are tokenized in one call"


async def test_a_request_larger_than_a_step_is_answered_in_its_order(
    codec: Lengths, gated_engine: GatedEngine, worker: DeviceThread
) -> None:
    scheduler = Scheduler(codec, gated_engine, worker, BatchLimits(rows=2))
    gated_engine.open()
    assert await scheduler.answer([9, 1, 8, 2, 7]) == [[9], [1], [8], [2], [7]]
    assert all(len(step) <= 2 for step in gated_engine.steps)


async def test_a_request_larger_than_one_call_of_the_tokenizer_is_answered_in_its_order(
    scheduler: Scheduler[Any, Any], gated_engine: GatedEngine, codec: Lengths
) -> None:
    gated_engine.open()
    questions = [1 + index % 40 for index in range(300)]
    assert await scheduler.answer(questions) == [[length] for length in questions]
    assert max(len(call) for call in codec.calls) <= 64


async def test_all_windows_of_a_question_come_back_together(
    scheduler: Scheduler[Any, Any], gated_engine: GatedEngine
) -> None:
    gated_engine.open()
    assert await scheduler.answer([(4, 9), 3, (5, 1, 7)]) == [[4, 9], [3], [5, 1, 7]]


async def test_an_engine_that_was_idle_again_works_again(
    scheduler: Scheduler[Any, Any], gated_engine: GatedEngine
) -> None:
    gated_engine.open()
    for length in (3, 4):
        assert await scheduler.answer([length]) == [[length]]


async def test_rows_without_a_token_are_answered_however_many(
    scheduler: Scheduler[Any, Any], gated_engine: GatedEngine
) -> None:
    gated_engine.open()
    assert await asyncio.wait_for(scheduler.answer([0] * 40), PATIENCE_SECONDS) == [[0]] * 40
    assert gated_engine.lengths == [[0] * 32, [0] * 8]


async def test_no_questions_need_no_engine(scheduler: Scheduler[Any, Any], gated_engine: GatedEngine) -> None:
    assert await scheduler.answer([]) == []
    assert gated_engine.steps == []


async def test_an_engine_without_padding_takes_what_came_in_its_order(
    codec: Lengths, gated_engine: GatedEngine, worker: DeviceThread
) -> None:
    gated_engine.padding_free = True
    scheduler = Scheduler(codec, gated_engine, worker, BatchLimits(tokens=100))
    first = await begun(scheduler.answer([5]))
    await busy(gated_engine)
    rest = await begun(scheduler.answer([10, 80, 10, 10]))
    gated_engine.open()
    await asyncio.gather(first, rest)
    assert gated_engine.lengths == [[5], [10, 80, 10], [10]]


class TestFailure:
    async def test_a_row_that_fails_harms_nobody_else(
        self, scheduler: Scheduler[Any, Any], gated_engine: GatedEngine
    ) -> None:
        gated_engine.poison = frozenset({13})
        first = await begun(scheduler.answer([5]))
        await busy(gated_engine)
        good, bad, also_good = [await begun(scheduler.answer([length])) for length in (7, 13, 9)]
        gated_engine.open()
        assert [await good, await also_good, await first] == [[[7]], [[9]], [[5]]]
        with pytest.raises(ArithmeticError, match="13"):
            await bad

    async def test_every_failing_request_gets_its_own_error(
        self, scheduler: Scheduler[Any, Any], gated_engine: GatedEngine
    ) -> None:
        gated_engine.poison = frozenset({13, 14})
        gated_engine.open()
        requests = [scheduler.answer(questions) for questions in ([13], [14], [4, 13])]
        results = await asyncio.gather(*requests, return_exceptions=True)
        assert [str(error) for error in results] == [
            "rows of [13] tokens",
            "rows of [14] tokens",
            "rows of [13] tokens",
        ]

    async def test_what_is_left_of_a_request_that_has_failed_is_not_run(
        self, scheduler: Scheduler[Any, Any], gated_engine: GatedEngine
    ) -> None:
        gated_engine.poison = frozenset({13})
        gated_engine.open()
        with pytest.raises(ArithmeticError, match="13"):
            await scheduler.answer([13, 13, 13])
        assert gated_engine.lengths == [[13, 13, 13], [13]]

    @pytest.mark.parametrize(("stage", "error"), [("refused", ValueError), ("undecodable", ArithmeticError)])
    async def test_a_question_that_fails_before_or_after_the_engine_harms_nobody_else(
        self,
        scheduler: Scheduler[Any, Any],
        gated_engine: GatedEngine,
        codec: Lengths,
        stage: str,
        error: type[Exception],
    ) -> None:
        setattr(codec, stage, frozenset({13}))
        first = await begun(scheduler.answer([5]))
        await busy(gated_engine)
        good, bad, also_good = [await begun(scheduler.answer([length])) for length in (7, 13, 9)]
        gated_engine.open()
        assert [await good, await also_good, await first] == [[[7]], [[9]], [[5]]]
        with pytest.raises(error, match=r"\[13\]"):
            await bad

    @pytest.mark.parametrize("stage", ["encode", "decode", "run"])
    async def test_a_library_that_panics_fails_the_request_and_not_the_scheduler(
        self,
        stage: str,
        scheduler: Scheduler[Any, Any],
        codec: Lengths,
        gated_engine: GatedEngine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        class Panic(BaseException):
            """As a library in Rust raises it."""

        def panic(*_: object) -> None:
            raise Panic("index out of bounds")

        gated_engine.open()
        with monkeypatch.context() as broken:
            broken.setattr(gated_engine if stage == "run" else codec, stage, panic)
            with pytest.raises(RuntimeError, match="Panic: index out of bounds"):
                await asyncio.wait_for(scheduler.answer([5]), PATIENCE_SECONDS)
        assert await scheduler.answer([5]) == [[5]]

    async def test_an_engine_that_loses_rows_is_not_believed(
        self, scheduler: Scheduler[Any, Any], gated_engine: GatedEngine, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(gated_engine, "run", lambda batch: [])
        with pytest.raises(RuntimeError, match="answered 1 rows with 0"):
            await scheduler.answer([3])

    @pytest.mark.parametrize(
        ("stage", "wrong", "message"),
        [
            ("encode", lambda made: made[1:], "each of 2 questions must have windows, but 1 of 1 have"),
            ("encode", lambda made: made * 2, "each of 2 questions must have windows, but 4 of 4 have"),
            ("encode", lambda made: [made[0], ()], "each of 2 questions must have windows, but 1 of 2 have"),
            ("decode", lambda made: made[1:], "2 questions were decoded to 1 answers"),
            ("decode", lambda made: made * 2, "2 questions were decoded to 4 answers"),
        ],
    )
    async def test_a_codec_that_loses_or_adds_some_is_not_believed(
        self,
        stage: str,
        wrong: Callable[[list[Any]], list[Any]],
        message: str,
        scheduler: Scheduler[Any, Any],
        codec: Lengths,
        gated_engine: GatedEngine,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        gated_engine.open()
        right = getattr(codec, stage)
        with monkeypatch.context() as broken:
            broken.setattr(codec, stage, lambda *given: wrong(right(*given)))
            with pytest.raises(RuntimeError, match=message):
                await asyncio.wait_for(scheduler.answer([3, 4]), PATIENCE_SECONDS)
        assert await scheduler.answer([5]) == [[5]]


class TestCancellation:
    async def test_a_cancelled_request_is_neither_tokenized_nor_run(
        self, scheduler: Scheduler[Any, Any], gated_engine: GatedEngine, codec: Lengths
    ) -> None:
        first = await begun(scheduler.answer([5]))
        await busy(gated_engine)
        cancelled = await begun(scheduler.answer([6, 6]))
        kept = await begun(scheduler.answer([7]))
        cancelled.cancel()
        await asyncio.sleep(0)
        gated_engine.open()
        await asyncio.gather(first, kept)
        assert gated_engine.lengths == [[5], [7]]
        assert codec.calls == [[5], [7]]
        assert cancelled.cancelled()

    async def test_rows_that_wait_already_are_dropped_when_time_is_up(
        self, codec: Lengths, gated_engine: GatedEngine, worker: DeviceThread
    ) -> None:
        scheduler = Scheduler(codec, gated_engine, worker, BatchLimits(rows=1))
        late = await begun(scheduler.answer([5, 6, 7]))
        await busy(gated_engine)
        late.cancel()
        await asyncio.sleep(0)
        gated_engine.open()
        assert await scheduler.answer([8]) == [[8]]
        assert gated_engine.lengths == [[5], [8]]

    async def test_a_request_cancelled_in_the_engine_harms_nobody(
        self, scheduler: Scheduler[Any, Any], gated_engine: GatedEngine
    ) -> None:
        running = await begun(scheduler.answer([5]))
        await busy(gated_engine)
        running.cancel()
        gated_engine.open()
        assert await scheduler.answer([7]) == [[7]]


class TestShutDown:
    async def test_what_waits_is_told_and_what_comes_is_refused(
        self, codec: Lengths, gated_engine: GatedEngine
    ) -> None:
        thread = DeviceThread("engine")
        scheduler = Scheduler(codec, gated_engine, thread, BatchLimits(rows=1))
        first = await begun(scheduler.answer([1]))
        await busy(gated_engine)
        second = await begun(scheduler.answer([2]))
        thread.shutdown(wait=False, cancel_futures=True)
        gated_engine.open()

        assert await first == [[1]]
        for late in (second, scheduler.answer([3])):
            with pytest.raises(ShutDown):
                await late
        assert scheduler.admitted == 0

    async def test_a_request_of_which_some_has_run_is_told_too(self, codec: Lengths, gated_engine: GatedEngine) -> None:
        thread = DeviceThread("engine")
        large = await begun(Scheduler(codec, gated_engine, thread, BatchLimits(rows=1)).answer([1, 2, 3]))
        await busy(gated_engine)
        thread.shutdown(wait=False, cancel_futures=True)
        gated_engine.open()

        with pytest.raises(ShutDown):
            await asyncio.wait_for(large, PATIENCE_SECONDS)
        assert gated_engine.lengths == [[1]]

    async def test_a_cycle_that_is_dropped_leaves_nobody_waiting(
        self, codec: Lengths, gated_engine: GatedEngine
    ) -> None:
        thread, held = DeviceThread("engine"), threading.Event()
        thread.submit(held.wait, PATIENCE_SECONDS)
        waiting = await begun(Scheduler(codec, gated_engine, thread).answer([1]))
        thread.shutdown(wait=False, cancel_futures=True)
        held.set()

        with pytest.raises(ShutDown):
            await waiting


async def test_the_event_loop_runs_on_while_the_engine_is_busy(
    scheduler: Scheduler[Any, Any], gated_engine: GatedEngine
) -> None:
    answer = await begun(scheduler.answer([5]))
    await busy(gated_engine)  # awaited on the loop, while the engine is held
    assert not answer.done()
    gated_engine.release()
    await answer


async def test_engines_that_share_a_worker_take_turns_step_by_step(
    codec: Lengths, gated_engine: GatedEngine, worker: DeviceThread
) -> None:
    other = GatedEngine()
    limits = BatchLimits(rows=1)
    large = await begun(Scheduler(codec, gated_engine, worker, limits).answer([1, 2, 3]))
    await busy(gated_engine)
    small = await begun(Scheduler(codec, other, worker, limits).answer([9]))
    assert other.steps == [], "one at a time"
    gated_engine.release()
    await busy(other)
    assert gated_engine.lengths == [[1]], "the other's turn came before the second of three steps"
    other.open()
    gated_engine.open()
    await asyncio.gather(large, small)


class TestDelay:
    LIMITS = BatchLimits(rows=2, delay=3600.0)

    async def test_an_idle_engine_waits_for_company_and_goes_when_a_step_is_full(
        self, codec: Lengths, gated_engine: GatedEngine, worker: DeviceThread
    ) -> None:
        gated_engine.open()
        scheduler = Scheduler(codec, gated_engine, worker, self.LIMITS)
        first = await begun(scheduler.answer([5]))
        assert codec.calls == []
        second = await begun(scheduler.answer([6]))
        assert [await first, await second] == [[[5]], [[6]]]
        assert gated_engine.lengths == [[5, 6]]

    async def test_nobody_waits_longer_than_the_delay(
        self, codec: Lengths, gated_engine: GatedEngine, worker: DeviceThread
    ) -> None:
        gated_engine.open()
        scheduler = Scheduler(codec, gated_engine, worker, BatchLimits(delay=0.001))
        assert await scheduler.answer([5]) == [[5]]


class TestAdmission:
    async def test_more_than_the_bound_is_refused_before_it_costs_anything(
        self, codec: Lengths, gated_engine: GatedEngine, worker: DeviceThread
    ) -> None:
        scheduler = Scheduler(codec, gated_engine, worker, BatchLimits(admitted=4))
        first = await begun(scheduler.answer([1, 2, 3]))
        with pytest.raises(Overloaded, match="3 texts are waiting, at most 4 may"):
            await scheduler.answer([4, 5])
        fits = await begun(scheduler.answer([4]))
        gated_engine.open()
        await asyncio.gather(first, fits)
        assert scheduler.admitted == 0
        assert [5] not in codec.calls

    async def test_a_large_request_alone_is_not_refused(
        self, codec: Lengths, gated_engine: GatedEngine, worker: DeviceThread
    ) -> None:
        gated_engine.open()
        scheduler = Scheduler(codec, gated_engine, worker, BatchLimits(admitted=4))
        assert len(await scheduler.answer([1] * 100)) == 100


async def test_what_happens_is_observed_once_the_answers_are_given(
    codec: Lengths, gated_engine: GatedEngine, worker: DeviceThread
) -> None:
    class Notes(Unobserved):
        def __init__(self) -> None:
            self.steps: list[tuple[int, int, int]] = []
            self.phases: list[str] = []
            self.waits: list[float] = []

        def queued(self, seconds: float) -> None:
            self.waits.append(seconds)

        def step(self, rows: int, tokens: int, padded: int) -> None:
            self.steps.append((rows, tokens, padded))

        def phase(self, name: str, seconds: float) -> None:
            self.phases.append(name)

    notes = Notes()
    gated_engine.open()
    await Scheduler(codec, gated_engine, worker, observer=notes).answer([4, 9, 5])
    assert notes.steps == []
    await asyncio.sleep(0)
    assert notes.steps == [(3, 18, 9)]
    assert notes.phases == ["tokenize", "forward", "decode"]
    assert len(notes.waits) == 3
    assert min(notes.waits) >= 0
