"""Continuous batching: many callers share one engine.

Callers put their questions into an inbox from the event loop. One cycle in the worker thread tokenizes the inbox in one
call, runs one engine step and decodes the requests that are complete; their answers go back to the event loop together.
Requests that arrive during a cycle wait for the next one. An idle engine starts at once, unless the limits set a delay.

One thread does it all because a forward pass uses every core by itself: tokenizing beside it would only take cores
away, and each hop between threads costs a short request as much as its tokens do.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Generic

from transformermodel_predictor.batching.limits import Admission, BatchLimits
from transformermodel_predictor.batching.request import Answer, Question, Request
from transformermodel_predictor.batching.stages import Codec, Stages
from transformermodel_predictor.device_thread import DeviceThread, ShutDown
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.telemetry.observer import Observer, Unobserved
from transformermodel_predictor.telemetry.timeline import new_timeline


class Scheduler(Generic[Question, Answer]):
    """Answers questions, running those of many callers in one step. Used from one event loop.

    Args:
        codec: tokenizes questions and decodes outputs.
        engine: runs the steps.
        worker: the thread in which a device's engines run; schedulers that share it alternate, step by step.
        limits: limits on the size of a step and on the rows admitted at once.
        observer: receives queue times, step sizes and phase times.
    """

    def __init__(
        self,
        codec: Codec[Question, Answer],
        engine: Engine,
        worker: DeviceThread,
        limits: BatchLimits | None = None,
        observer: Observer | None = None,
    ) -> None:
        limits = limits or BatchLimits()
        self._stages = Stages(codec, engine, limits, observer or Unobserved())
        self._worker = worker
        self._admission = Admission(limits.admitted)
        self._delay = limits.delay
        self._step_rows = limits.rows_of_step(padding_free=engine.padding_free)
        self._delayed: asyncio.TimerHandle | None = None
        self._lock = threading.Lock()
        self._is_running = False

    async def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Answer questions in their order, batched with those of other callers.

        Cancelling the call removes its rows. An error that these questions cause fails this call alone.

        Raises:
            Overloaded: too many rows are admitted already.
            ShutDown: the worker has been shut down.
            Exception: whatever the codec or the engine raises for these questions.
        """
        if not questions:
            return []
        with self._admission.admit(len(questions)):
            arrived = time.perf_counter()
            request: Request[Question, Answer] = Request(questions, arrived, new_timeline(arrived))
            self._stages.push(request)
            self._begin()
            return await request.future

    @property
    def admitted(self) -> int:
        """Number of questions admitted: waiting or running."""
        return self._admission.admitted

    def _begin(self) -> None:
        """Start a cycle: at once, or after the delay unless a full step is waiting."""
        if not self._delay or self._admission.admitted >= self._step_rows:
            self._start()
        elif self._delayed is None:
            self._delayed = asyncio.get_running_loop().call_later(self._delay, self._start)

    def _start(self) -> None:
        if self._delayed is not None:
            self._delayed.cancel()
            self._delayed = None
        with self._lock:
            if self._is_running:
                return
            self._is_running = True
        self._submit()

    def _submit(self) -> None:
        """Submit a cycle to the worker; if that has been shut down, fail all waiting requests."""
        try:
            self._worker.post(self._run_cycle, drop=lambda: self._fail_waiting(ShutDown("of the engine")))
        except ShutDown as error:
            self._fail_waiting(error)

    def _fail_waiting(self, error: ShutDown) -> None:
        with self._lock:
            self._is_running = False
            self._stages.fail_waiting(error)

    def _run_cycle(self) -> None:
        """Run one cycle in the worker thread; the next one queues behind those of other schedulers."""
        try:
            self._stages.run_cycle()
        finally:
            with self._lock:
                self._is_running = self._stages.has_work
                again = self._is_running
            if again:
                self._submit()
