"""Explanations beside predictions: on the same thread, in pieces so small that a prediction never waits for long.

Every explanation is a generator that asks for rows. A piece takes rows of all that are under way, as many as may run in
the time that a prediction can spare, and goes to the end of the worker's queue again when there is more to do; so
whatever else came meanwhile has its turn first. A piece that takes longer all the same gives way between layers.
"""

import asyncio
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from transformermodel_predictor.batching.request import failure
from transformermodel_predictor.device_thread import DeviceThread, ShutDown
from transformermodel_predictor.explanations.pace import Pace
from transformermodel_predictor.explanations.rows import GradientRow, Result, Row, RowGenerator
from transformermodel_predictor.telemetry.timeline import new_timeline

_log = logging.getLogger(__name__)

_Found = TypeVar("_Found")

_LEAST_GRADIENT_TOKENS = 64
"""Of a pass that takes gradients, which gives way between layers. With few tokens a large model does little but read
its weights, and what is learned from that are even fewer: each row by itself, several times as slow as together."""

Run = Callable[[Sequence[Row]], list[Result]]
"""Runs rows of one kind together, in the worker's thread."""


class ExplanationQueue:
    """Drives many explanations on one worker. Used from one event loop.

    Args:
        run: what runs the rows.
        worker: the one thread in which a device's models run.
        predicting: whether somebody asks for predictions at present, who would wait for a piece to end.
        observed: told how many seconds each piece took, without those in which it gave way.
    """

    def __init__(
        self,
        run: Run,
        worker: DeviceThread,
        predicting: Callable[[], bool],
        observed: Callable[[float], None] = lambda _: None,
    ) -> None:
        self._run = run
        self._worker = worker
        self._predicting = predicting
        self._observed = observed
        self._paces = {True: Pace(_LEAST_GRADIENT_TOKENS), False: Pace()}
        self._inbox: deque[_Job] = deque()
        self._jobs: deque[_Job] = deque()  # the worker's
        self._lock = threading.Lock()
        self._working = False

    async def explain(self, asking: RowGenerator[_Found]) -> _Found:
        """Drive an explanation to its end. Cancelling the call ends it; what it raises is raised here.

        Raises:
            ShutDown: the worker takes no more work.
        """
        job = _Job(asking)
        self._inbox.append(job)
        with self._lock:
            begin, self._working = not self._working, True
        if begin:
            self._begin()
        found: _Found = await job.done
        return found

    def _begin(self) -> None:
        try:
            self._worker.submit_patient(self._work)
        except ShutDown:
            self._working = False  # so that whoever comes next is told too
            raise

    def _work(self) -> None:
        """One piece, in the worker's thread."""
        try:
            self._piece()
        finally:
            with self._lock:
                self._working = bool(self._jobs or self._inbox)
                again = self._working
            if again:
                self._worker.submit_patient(self._work)

    def _piece(self) -> None:
        began, given = time.perf_counter(), self._worker.seconds_given
        while self._inbox:
            self._jobs.append(self._inbox.popleft())
            self._jobs[-1].begin()
        self._drop_ended()
        if not self._jobs:
            return
        gradient = isinstance(self._jobs[0].waiting[0], GradientRow)
        taken = self._take(gradient)
        rows = [row for _, rows in taken for row in rows]
        self._deliver(taken)
        self._drop_ended()
        self._jobs.rotate(-1)
        seconds = time.perf_counter() - began - (self._worker.seconds_given - given)
        self._paces[gradient].learn(sum(row.work for row in rows), seconds)
        self._observed(seconds)

    def _take(self, gradient: bool) -> "list[tuple[_Job, list[Row]]]":
        """The rows of the next piece, of one kind, by their jobs; at least one."""
        room = self._paces[gradient].tokens(short=self._predicting())
        taken: list[tuple[_Job, list[Row]]] = []
        for job in self._jobs:
            rows: list[Row] = []
            while job.waiting and isinstance(job.waiting[0], GradientRow) is gradient:
                room -= job.waiting[0].work
                if room < 0 and (taken or rows):
                    break
                rows.append(job.waiting.popleft())
            if rows:
                taken.append((job, rows))
            if room <= 0:
                break
        return taken

    def _deliver(self, taken: "Sequence[tuple[_Job, list[Row]]]") -> None:
        """Run the rows of some jobs together; what one of them breaks breaks that one alone."""
        began = time.perf_counter()
        try:
            results = self._run([row for _, rows in taken for row in rows])
        except BaseException as error:  # noqa: BLE001 - whatever a row does belongs to who asked for it
            if len(taken) == 1:
                taken[0][0].fail(error)
                return
            _log.warning("%d explanations together failed with %s; one by one now", len(taken), type(error).__name__)
            for part in taken:
                self._deliver([part])
            return
        first, ended = 0, time.perf_counter()
        for job, rows in taken:
            job.note(began, ended)
            job.receive(results[first : first + len(rows)])
            first += len(rows)

    def _drop_ended(self) -> None:
        for job in [job for job in self._jobs if job.over]:
            self._jobs.remove(job)
            job.close()


class _Job:
    """One explanation under way. Made in the event loop; all else but `done` is the worker's.

    Attributes:
        done: what it found.
        waiting: the rows that it wants and that have not run.
    """

    def __init__(self, asking: RowGenerator[Any]) -> None:
        self.done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self.waiting: deque[Row] = deque()
        self._asking = asking
        self._results: list[Result] = []
        self._ended = False
        self._timeline = new_timeline(time.perf_counter())

    @property
    def over(self) -> bool:
        """Whether it has ended, or nobody waits for it any more."""
        return self._ended or self.done.done()

    def begin(self) -> None:
        """Let it say what it wants first."""
        if not self.over:
            self._advance(lambda: next(self._asking))

    def receive(self, results: Sequence[Result]) -> None:
        """Take the results of the rows that were taken; go on when all are there."""
        self._results.extend(results)
        if not self.waiting:
            received, self._results = self._results, []
            self._advance(lambda: self._asking.send(received))

    def fail(self, error: BaseException) -> None:
        """It cannot be explained."""
        self._ended = True
        self._tell(lambda: self.done.set_exception(failure(error)))

    def note(self, began: float, ended: float) -> None:
        """It had a share in a piece."""
        if self._timeline is not None:
            self._timeline.add("explain", began, ended)

    def close(self) -> None:
        """Let go of what it holds."""
        self._asking.close()

    def _advance(self, step: Callable[[], Sequence[Row]]) -> None:
        """Go on until rows are requested, or it is found."""
        try:
            while not (rows := step()):
                step = self._nothing
            self.waiting.extend(rows)
        except StopIteration as ended:
            self._ended = True
            found = ended.value
            self._tell(lambda: self.done.set_result(found))
        except BaseException as error:  # noqa: BLE001 - who asked for it is told, and the others go on
            self.fail(error)

    def _nothing(self) -> Sequence[Row]:
        return self._asking.send([])

    def _tell(self, settle: Callable[[], None]) -> None:
        loop = self.done.get_loop()
        if not loop.is_closed():
            loop.call_soon_threadsafe(lambda: None if self.done.done() else settle())
