import asyncio
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace

import pytest
import torch

from tests.predictor.explanations.by_hand import OnlyLogit
from transformermodel_predictor.device_thread import DeviceThread
from transformermodel_predictor.explanations.queue import ExplanationQueue
from transformermodel_predictor.explanations.rows import ForwardRow, GradientRow, Result, Row, RowGenerator
from transformermodel_predictor.tasks.task import Encoding
from transformermodel_predictor.telemetry.timeline import QUEUE, recording_timelines


class Engine:
    """Tells of each row its first token; notes which rows ran together, and in which threads."""

    def __init__(self) -> None:
        self.pieces: list[list[Row]] = []
        self.threads: set[str] = set()
        self.open = threading.Event()
        self.open.set()

    def __call__(self, rows: Sequence[Row]) -> list[Result]:
        assert self.open.wait(30)
        self.pieces.append(list(rows))
        self.threads.add(threading.current_thread().name)
        tokens = [row.encoding.features["input_ids"][0] for row in rows]
        if 13 in tokens:
            raise RuntimeError("thirteen")
        return [Result(float(token)) for token in tokens]


@pytest.fixture
def worker() -> Iterator[DeviceThread]:
    with DeviceThread("engine") as worker:
        yield worker


def forward(token: int, length: int = 1) -> ForwardRow:
    return ForwardRow(Encoding({"input_ids": [token] * length}), OnlyLogit())


def gradient(token: int) -> GradientRow:
    return GradientRow(Encoding({"input_ids": [token]}), torch.zeros(1, 1), OnlyLogit())


def adding(*steps: Sequence[Row]) -> RowGenerator[float]:
    """Asks for some rows at a time, and adds up what it is told."""
    total = 0.0
    for rows in steps:
        results = yield rows
        total += sum(result.value for result in results)
    return total


async def test_explanations_run_on_the_worker_together_and_each_is_told_its_own(worker: DeviceThread) -> None:
    engine = Engine()
    queue = ExplanationQueue(engine, worker, lambda: False)
    engine.open.clear()
    asked = [adding([forward(token)], [], [forward(10 * token), gradient(100 * token)]) for token in (1, 2, 3)]
    tasks = [asyncio.ensure_future(queue.explain(asking)) for asking in asked]
    await asyncio.sleep(0)
    engine.open.set()
    assert await asyncio.gather(*tasks) == [111.0, 222.0, 333.0]
    assert engine.threads == {"engine"}
    assert any(len(piece) > 1 for piece in engine.pieces)
    assert all(len({type(row) for row in piece}) == 1 for piece in engine.pieces)


async def test_what_else_came_has_its_turn_between_two_pieces(worker: DeviceThread) -> None:
    engine = Engine()
    queue = ExplanationQueue(engine, worker, lambda: True)
    engine.open.clear()
    tasks = [asyncio.ensure_future(queue.explain(adding(*([forward(1, 400)] for _ in range(50)))))]
    await asyncio.sleep(0)  # until it has begun
    predicting = worker.submit(lambda: len(engine.pieces))
    engine.open.set()
    assert await asyncio.wrap_future(predicting) < 5
    assert await asyncio.gather(*tasks) == [50.0]


async def test_a_row_that_fails_fails_its_own_explanation_alone(worker: DeviceThread) -> None:
    engine = Engine()
    queue = ExplanationQueue(engine, worker, lambda: False)
    engine.open.clear()
    tasks = [asyncio.ensure_future(queue.explain(adding([forward(token)], [forward(1)]))) for token in (5, 13, 7)]
    await asyncio.sleep(0)
    engine.open.set()
    five, thirteen, seven = await asyncio.gather(*tasks, return_exceptions=True)
    assert (five, seven) == (6.0, 8.0)
    assert isinstance(thirteen, RuntimeError)


async def test_what_a_method_raises_is_raised_where_it_was_asked_for(worker: DeviceThread) -> None:
    def refusing() -> RowGenerator[float]:
        yield [forward(1)]
        raise ValueError("no such target")

    queue = ExplanationQueue(Engine(), worker, lambda: False)
    with pytest.raises(ValueError, match="no such target"):
        await queue.explain(refusing())


@pytest.mark.parametrize("rows", [0, 1])
async def test_what_panics_in_rust_fails_its_own_explanation_alone(worker: DeviceThread, rows: int) -> None:
    class Panic(BaseException):
        """As tokenizers raise it: no Exception."""

    def panicking() -> RowGenerator[float]:
        for _ in range(rows):
            yield [forward(1)]
        raise Panic("index out of bounds")

    queue = ExplanationQueue(Engine(), worker, lambda: False)
    panic, other = await asyncio.gather(
        queue.explain(panicking()), queue.explain(adding([forward(2)])), return_exceptions=True
    )
    assert isinstance(panic, RuntimeError)
    assert str(panic) == "Panic: index out of bounds"
    assert other == 2.0


async def test_one_that_nobody_waits_for_any_more_ends(worker: DeviceThread) -> None:
    closed = threading.Event()

    def endless() -> RowGenerator[float]:
        try:
            while True:
                yield [forward(1)]
        finally:
            closed.set()

    queue = ExplanationQueue(Engine(), worker, lambda: False)
    task = asyncio.ensure_future(queue.explain(endless()))
    await asyncio.sleep(0)
    task.cancel()
    assert await asyncio.to_thread(closed.wait, 30)
    assert await queue.explain(adding([forward(2)])) == 2.0


async def test_a_method_that_wants_nothing_has_found_it_already(worker: DeviceThread) -> None:
    assert await ExplanationQueue(Engine(), worker, lambda: False).explain(adding()) == 0.0


async def test_whoever_traces_sees_when_it_waited_and_when_it_was_worked_on(worker: DeviceThread) -> None:
    queue = ExplanationQueue(Engine(), worker, lambda: False)
    with recording_timelines() as timelines:
        await queue.explain(adding([forward(1)], [forward(2)]))
    (timeline,) = timelines
    assert [phase.name for phase in timeline.phases if phase.name != QUEUE] == ["explain", "explain"]


def test_what_several_targets_take_back_counts_as_work() -> None:
    row = GradientRow(Encoding({"input_ids": [1] * 10}), torch.zeros(10, 1), OnlyLogit())
    assert row.work == forward(1, 10).work == 10
    assert replace(row, further=(OnlyLogit(),) * 3).work == 25


async def test_a_piece_with_several_targets_has_fewer_rows(worker: DeviceThread) -> None:
    engine = Engine()
    queue = ExplanationQueue(engine, worker, lambda: True)
    row = GradientRow(Encoding({"input_ids": [1] * 16}), torch.zeros(16, 1), OnlyLogit())
    await queue.explain(adding([row] * 8))
    one = len(engine.pieces[0])
    engine.pieces.clear()
    other = ExplanationQueue(engine, worker, lambda: True)
    await other.explain(adding([replace(row, further=(OnlyLogit(),) * 3)] * 8))
    assert len(engine.pieces[0]) < one
