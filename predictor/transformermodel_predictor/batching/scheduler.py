"""Brings many callers and one engine together.

Callers leave their questions in an inbox on the event loop. One cycle in the worker's thread tokenizes what came, in
one call of the tokenizer, runs one step of the engine and decodes what is complete; its answers go back to the event
loop together. While a cycle runs, requests wait; when none runs, the first one starts it. Nobody waits for company when
the engine is idle, unless the limits say so.

All in one thread, because a forward pass uses all cores by itself: a tokenizer beside it would only take them away, and
every hop between threads costs a short request as much as its tokens.
"""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import Executor, Future
from typing import Generic

from transformermodel_predictor.batching.limits import Admission, BatchLimits
from transformermodel_predictor.batching.request import Answer, Question, Request
from transformermodel_predictor.batching.stages import Codec, Stages
from transformermodel_predictor.device_thread import ShutDown
from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.telemetry.observer import Observer, Unobserved
from transformermodel_predictor.telemetry.timeline import new_timeline


class Scheduler(Generic[Question, Answer]):
    """Answers questions, those of many callers in one step. Used from one event loop.

    Args:
        codec: what tokenizes and decodes.
        engine: what runs the steps.
        worker: the one thread in which a device's engines run; schedulers that share it take turns, step by step.
        limits: bounds of a step, and of what may wait.
        observer: who is told what happens.
    """

    def __init__(
        self,
        codec: Codec[Question, Answer],
        engine: Engine,
        worker: Executor,
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
        self._working = False

    async def answer(self, questions: Sequence[Question]) -> list[Answer]:
        """Answer questions, together with whatever else waits; in their order.

        Cancelling the call takes its rows out. What fails for these questions only fails this call only.

        Raises:
            Overloaded: too much waits already.
            ShutDown: the worker takes no more work, or dropped it.
            Exception: whatever the codec or the engine raises for these questions.
        """
        if not questions:
            return []
        with self._admission.admit(len(questions)):
            arrived = time.perf_counter()
            request: Request[Question, Answer] = Request(questions, arrived, new_timeline(arrived))
            self._stages.push(request)
            self._begin()
            return await request.answered

    @property
    def admitted(self) -> int:
        """Questions in the house: waiting or running."""
        return self._admission.admitted

    def _begin(self) -> None:
        """Start the worker: at once, or when company may have come."""
        if not self._delay or self._admission.admitted >= self._step_rows:
            self._wake()
        elif self._delayed is None:
            self._delayed = asyncio.get_running_loop().call_later(self._delay, self._wake)

    def _wake(self) -> None:
        if self._delayed is not None:
            self._delayed.cancel()
            self._delayed = None
        with self._lock:
            if self._working:
                return
            self._working = True
        self._submit()

    def _submit(self) -> None:
        """Have a cycle run; where the worker was shut down, nobody is to wait for it."""
        try:
            self._worker.submit(self._work).add_done_callback(self._submitted)
        except ShutDown as error:
            self._give_up(error)

    def _submitted(self, cycle: Future[None]) -> None:
        """The cycle is over, or was dropped before it began."""
        if cycle.cancelled():
            self._give_up(ShutDown("of the engine"))

    def _give_up(self, error: ShutDown) -> None:
        with self._lock:
            self._working = False
            self._stages.give_up(error)

    def _work(self) -> None:
        """One cycle, in the worker's thread; the next one queues behind those of other schedulers."""
        try:
            self._stages.cycle()
        finally:
            with self._lock:
                self._working = self._stages.busy
                again = self._working
            if again:
                self._submit()
