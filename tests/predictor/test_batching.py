"""What the scheduler does while an engine is busy, with an engine that the test holds."""

import asyncio
from collections.abc import Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest

from tests.predictor.gated import GatedEngine
from transformermodel_predictor.batching import BatchLimits, Overloaded, Scheduler, plan_step
from transformermodel_predictor.tasks.task import Encoding, Outputs

Result = TypeVar("Result")


@pytest.fixture
def worker(gated_engine: GatedEngine) -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=1) as executor:
        yield executor
        gated_engine.open()


@pytest.fixture
def scheduler(gated_engine: GatedEngine, worker: ThreadPoolExecutor) -> Scheduler:
    return Scheduler(gated_engine, worker)


def rows(*lengths: int) -> list[Encoding]:
    return [Encoding({"input_ids": [0] * length}) for length in lengths]


def lengths(outputs: list[Outputs]) -> list[int]:
    return [int(output["logits"][0]) for output in outputs]


async def begun(work: Coroutine[Any, Any, Result]) -> asyncio.Task[Result]:
    """A task that has run to its first wait."""
    task = asyncio.create_task(work)
    await asyncio.sleep(0)
    return task


async def busy(engine: GatedEngine) -> None:
    await asyncio.to_thread(engine.wait_until_busy)


async def test_an_idle_engine_begins_at_once_with_what_there_is(
    scheduler: Scheduler, gated_engine: GatedEngine
) -> None:
    answer = await begun(scheduler.submit(rows(5)))
    await busy(gated_engine)
    assert gated_engine.lengths == [[5]]
    gated_engine.release()
    assert lengths(await answer) == [5]


async def test_what_comes_while_the_engine_is_busy_goes_together_next(
    scheduler: Scheduler, gated_engine: GatedEngine
) -> None:
    first = await begun(scheduler.submit(rows(5)))
    await busy(gated_engine)
    second = await begun(scheduler.submit(rows(7, 3)))
    third = await begun(scheduler.submit(rows(9)))
    gated_engine.open()
    assert [lengths(await answer) for answer in (first, second, third)] == [[5], [7, 3], [9]]
    assert [sorted(step) for step in gated_engine.lengths] == [[5], [3, 7, 9]]


async def test_a_request_larger_than_a_step_is_answered_in_its_order(
    gated_engine: GatedEngine, worker: ThreadPoolExecutor
) -> None:
    scheduler = Scheduler(gated_engine, worker, BatchLimits(rows=2))
    gated_engine.open()
    assert lengths(await scheduler.submit(rows(9, 1, 8, 2, 7))) == [9, 1, 8, 2, 7]
    assert all(len(step) <= 2 for step in gated_engine.steps)


async def test_an_engine_that_was_idle_again_works_again(scheduler: Scheduler, gated_engine: GatedEngine) -> None:
    gated_engine.open()
    for length in (3, 4):
        assert lengths(await scheduler.submit(rows(length))) == [length]


async def test_no_rows_need_no_engine(scheduler: Scheduler, gated_engine: GatedEngine) -> None:
    assert await scheduler.submit([]) == []
    assert gated_engine.steps == []


async def test_a_row_that_fails_harms_nobody_else(scheduler: Scheduler, gated_engine: GatedEngine) -> None:
    gated_engine.poison = frozenset({13})
    first = await begun(scheduler.submit(rows(5)))
    await busy(gated_engine)
    good = await begun(scheduler.submit(rows(7)))
    bad = await begun(scheduler.submit(rows(13)))
    also_good = await begun(scheduler.submit(rows(9)))
    gated_engine.open()
    assert lengths(await good) == [7]
    assert lengths(await also_good) == [9]
    assert lengths(await first) == [5]
    with pytest.raises(ArithmeticError, match="13"):
        await bad


async def test_every_failing_request_gets_its_own_error(scheduler: Scheduler, gated_engine: GatedEngine) -> None:
    gated_engine.poison = frozenset({13, 14})
    gated_engine.open()
    results = await asyncio.gather(
        scheduler.submit(rows(13)), scheduler.submit(rows(14)), scheduler.submit(rows(4, 13)), return_exceptions=True
    )
    assert [str(error) for error in results] == ["rows of [13] tokens", "rows of [14] tokens", "rows of [13] tokens"]


async def test_an_engine_that_loses_rows_is_not_believed(
    gated_engine: GatedEngine, worker: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gated_engine, "run", lambda batch: [])
    with pytest.raises(RuntimeError, match="answered 1 rows with 0"):
        await Scheduler(gated_engine, worker).submit(rows(3))


async def test_a_cancelled_request_is_not_run(scheduler: Scheduler, gated_engine: GatedEngine) -> None:
    first = await begun(scheduler.submit(rows(5)))
    await busy(gated_engine)
    cancelled = await begun(scheduler.submit(rows(6, 6)))
    kept = await begun(scheduler.submit(rows(7)))
    cancelled.cancel()
    gated_engine.open()
    await asyncio.gather(first, kept)
    assert gated_engine.lengths == [[5], [7]]
    assert cancelled.cancelled()


async def test_a_request_cancelled_in_the_engine_harms_nobody(scheduler: Scheduler, gated_engine: GatedEngine) -> None:
    running = await begun(scheduler.submit(rows(5)))
    await busy(gated_engine)
    running.cancel()
    gated_engine.open()
    assert lengths(await scheduler.submit(rows(7))) == [7]


async def test_the_event_loop_runs_on_while_the_engine_is_busy(scheduler: Scheduler, gated_engine: GatedEngine) -> None:
    answer = await begun(scheduler.submit(rows(5)))
    await busy(gated_engine)  # awaited on the loop, while the engine is held
    assert not answer.done()
    gated_engine.release()
    await answer


async def test_engines_that_share_a_worker_never_run_at_once(worker: ThreadPoolExecutor) -> None:
    one, other = GatedEngine(), GatedEngine()
    first = await begun(Scheduler(one, worker).submit(rows(1)))
    await busy(one)
    second = await begun(Scheduler(other, worker).submit(rows(2)))
    assert other.steps == []
    one.open()
    other.open()
    await asyncio.gather(first, second)


class TestAdmission:
    async def test_more_than_the_bound_is_refused(self, gated_engine: GatedEngine, worker: ThreadPoolExecutor) -> None:
        scheduler = Scheduler(gated_engine, worker, BatchLimits(admitted=4))
        with scheduler.admit(3):
            with pytest.raises(Overloaded, match="3 texts are waiting, at most 4 may"), scheduler.admit(2):
                pass
            with scheduler.admit(1):
                pass
        with scheduler.admit(4):
            pass

    async def test_a_large_request_alone_is_not_refused(
        self, gated_engine: GatedEngine, worker: ThreadPoolExecutor
    ) -> None:
        scheduler = Scheduler(gated_engine, worker, BatchLimits(admitted=4))
        with scheduler.admit(1000), pytest.raises(Overloaded), scheduler.admit(1):
            pass


class TestPlan:
    def test_everything_goes_where_it_fits(self) -> None:
        assert sorted(plan_step([4, 100, 7], BatchLimits(rows=3, padded_tokens=300))) == [0, 1, 2]

    def test_rows_are_bounded(self) -> None:
        assert len(plan_step([4] * 9, BatchLimits(rows=5))) == 5

    def test_padded_tokens_are_bounded_and_the_most_alike_go_with_the_oldest(self) -> None:
        assert plan_step([10, 90, 12, 9], BatchLimits(rows=32, padded_tokens=40)) == [0, 3, 2]

    def test_the_oldest_always_goes_even_alone_beyond_the_bound(self) -> None:
        assert plan_step([500, 3], BatchLimits(padded_tokens=100)) == [0]
