"""Groups what waits into steps of the engine, off the event loop.

While the engine works, requests wait; when it is free, what has come goes together. Nobody waits for company when the
engine is idle.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass

from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.tasks.task import Encoding, Outputs

_log = logging.getLogger(__name__)

_WINDOW_STEPS = 4


class Overloaded(Exception):
    """More waits already than could be answered in good time."""


@dataclass(frozen=True)
class BatchLimits:
    """Bounds of a step, and of what may wait.

    Attributes:
        rows: most rows in one step.
        padded_tokens: most tokens in one step, padding included; a row longer than this goes alone.
        admitted: most rows in the house: being tokenized, waiting or running.
    """

    rows: int = 32
    padded_tokens: int = 4096
    admitted: int = 2048


def plan_step(lengths: Sequence[int], limits: BatchLimits) -> list[int]:
    """Which of the waiting rows go next, given their lengths in tokens, oldest first.

    All of them where they fit. Otherwise the oldest, so that nobody starves, and those most like it in length, so that
    little is padded.
    """
    oldest = lengths[0]
    step: list[int] = []
    longest = 0
    for index in sorted(range(len(lengths)), key=lambda index: (abs(lengths[index] - oldest), index)):
        longest = max(longest, lengths[index])
        if step and (len(step) == limits.rows or longest * (len(step) + 1) > limits.padded_tokens):
            break
        step.append(index)
    return step


class _Request:
    """The rows that one caller waits for."""

    def __init__(self, rows: int) -> None:
        self.answered: asyncio.Future[list[Outputs]] = asyncio.get_running_loop().create_future()
        self._outputs: dict[int, Outputs] = {}
        self._rows = rows

    @property
    def over(self) -> bool:
        """Whether nobody waits any more: it was cancelled, or one of its rows failed."""
        return self.answered.done()

    def settle(self, row: int, outputs: Outputs) -> None:
        self._outputs[row] = outputs
        if len(self._outputs) == self._rows and not self.over:
            self.answered.set_result([self._outputs[index] for index in range(self._rows)])

    def fail(self, error: Exception) -> None:
        if not self.over:
            self.answered.set_exception(error)


@dataclass(frozen=True)
class _Row:
    request: _Request
    index: int
    encoding: Encoding


class Scheduler:
    """Brings requests and one engine together. Used from one event loop.

    Args:
        engine: what runs the steps.
        worker: the one thread in which engines of a device run; schedulers of several engines may share it.
        limits: bounds of a step, and of what may wait.
    """

    def __init__(self, engine: Engine, worker: Executor, limits: BatchLimits | None = None) -> None:
        self._engine = engine
        self._worker = worker
        self._limits = limits or BatchLimits()
        self._admitted = 0
        self._waiting: deque[_Row] = deque()
        self._working: asyncio.Task[None] | None = None

    @contextmanager
    def admit(self, rows: int) -> Iterator[None]:
        """Count rows in, before any work is spent on them, and out again.

        Raises:
            Overloaded: there are too many already. A request alone in the house is never refused.
        """
        if self._admitted and self._admitted + rows > self._limits.admitted:
            raise Overloaded(
                f"{self._admitted} texts are waiting, at most {self._limits.admitted} may; try again later"
            )
        self._admitted += rows
        try:
            yield
        finally:
            self._admitted -= rows

    async def submit(self, encodings: Sequence[Encoding]) -> list[Outputs]:
        """Run encodings, together with whatever else waits; one result per encoding, in their order.

        Cancelling the call takes its rows out of the queue. A row on which the engine fails fails this request only;
        the engine's exception is raised.
        """
        if not encodings:
            return []
        request = _Request(len(encodings))
        self._waiting.extend(_Row(request, index, encoding) for index, encoding in enumerate(encodings))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await request.answered

    async def _work(self) -> None:
        try:
            while rows := self._next_step():
                await self._run(rows)
        finally:
            self._working = None

    def _next_step(self) -> list[_Row]:
        window: list[_Row] = []
        while self._waiting and len(window) < self._limits.rows * _WINDOW_STEPS:
            row = self._waiting.popleft()
            if not row.request.over:
                window.append(row)
        if not window:
            return []
        chosen = plan_step([len(row.encoding) for row in window], self._limits)
        left = set(range(len(window))).difference(chosen)
        self._waiting.extendleft(window[index] for index in sorted(left, reverse=True))
        return [window[index] for index in chosen]

    async def _run(self, rows: Sequence[_Row]) -> None:
        try:
            outputs = await asyncio.get_running_loop().run_in_executor(self._worker, self._step, rows)
        except Exception as error:  # noqa: BLE001 - whatever an engine raises belongs to the row that caused it
            await self._find_culprit(rows, error)
            return
        for row, result in zip(rows, outputs, strict=True):
            row.request.settle(row.index, result)

    async def _find_culprit(self, rows: Sequence[_Row], error: Exception) -> None:
        if len(rows) == 1:
            rows[0].request.fail(error)
            return
        _log.warning("a step of %d rows failed with %s; running them one by one", len(rows), type(error).__name__)
        for row in rows:
            if not row.request.over:
                await self._run([row])

    def _step(self, rows: Sequence[_Row]) -> list[Outputs]:
        """In the worker's thread."""
        outputs = self._engine.run([row.encoding for row in rows])
        if len(outputs) != len(rows):
            raise RuntimeError(f"the engine answered {len(rows)} rows with {len(outputs)}")
        return outputs
