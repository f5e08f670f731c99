"""Micro-batching: splits a batch so that one part is preprocessed while another is in the model."""

import logging
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, wait
from typing import Any

from ts.handler_utils.stage import Stage

logger = logging.getLogger(__name__)

HANDLER_METHODS = ("preprocess", "inference", "postprocess")
"""The steps of a handler, in their order."""

_part = threading.local()


class MicroBatching:
    """Answers batches in a handler's place: `self.handle = MicroBatching(self, micro_batch_size)` in its `initialize`.

    Explanations and descriptions are not split. If a step fails for one part, the batch fails once the others have
    ended.

    Args:
        parent_handler: has the three steps.
        micro_batch_size: maximum rows per part.
        parallelism: number of threads by step; default 1.
    """

    def __init__(
        self, parent_handler: Any, micro_batch_size: int = 1, parallelism: Mapping[str, int] | None = None
    ) -> None:
        if micro_batch_size < 1:
            raise ValueError(f"micro_batch_size must be at least 1, not {micro_batch_size}")
        self.handler = parent_handler
        self.micro_batch_size = micro_batch_size
        self._stages: dict[str, Stage] = {}
        self._parallelism: dict[str, int] = {}
        self.parallelism = parallelism or {}

    @property
    def parallelism(self) -> Mapping[str, int]:
        """Number of threads by step."""
        return self._parallelism

    @parallelism.setter
    def parallelism(self, parallelism: Mapping[str, int]) -> None:
        for step, threads in parallelism.items():
            if step not in HANDLER_METHODS:
                raise ValueError(f"parallelism is of {', '.join(HANDLER_METHODS)}, not of {step}")
            if threads < 1:
                raise ValueError(f"parallelism.{step} must be at least 1, not {threads}")
        self.shutdown()
        self._parallelism = {step: parallelism.get(step, 1) for step in HANDLER_METHODS}
        self._stages = {step: Stage(step, threads) for step, threads in self._parallelism.items()}

    def shutdown(self) -> None:
        """Stop the threads; no more batches can be answered."""
        for stage in self._stages.values():
            stage.stop()
        self._stages = {}

    def get_micro_batch_idx(self) -> int:
        """Index from 0 of the part that the calling thread is working on."""
        return int(getattr(_part, "number", 0))

    def handle(self, data: Sequence[Any]) -> list[Any]:
        """Predictions for rows, in their order."""
        size = self.micro_batch_size
        parts = [data[start : start + size] for start in range(0, len(data), size)]
        answered = [self._start(number, part) for number, part in enumerate(parts)]
        wait(answered)
        return [answer for part in answered for answer in part.result()]

    def _start(self, number: int, rows: Sequence[Any]) -> "Future[Any]":
        """Send a part through all steps; the thread that finishes one step submits the next."""
        answered: Future[Any] = Future()

        def begin(step: int, value: Any) -> None:
            if step == len(HANDLER_METHODS):
                answered.set_result(value)
                return
            method = getattr(self.handler, HANDLER_METHODS[step])
            future = self._stage(HANDLER_METHODS[step]).submit(lambda: _call(method, number, value))
            future.add_done_callback(lambda done: go_on(step, done))

        def go_on(step: int, done: "Future[Any]") -> None:
            try:
                begin(step + 1, done.result())
            except BaseException as error:  # noqa: BLE001 - the step's error, for the caller that waits for the answer
                answered.set_exception(error)

        begin(0, rows)
        return answered

    def _stage(self, step: str) -> Stage:
        if step not in self._stages:
            raise RuntimeError("the threads of these micro-batches were ended by shutdown()")
        return self._stages[step]

    def __call__(self, data: Sequence[Any], context: Any) -> list[Any]:
        """Answer a batch as the handler's `handle` does."""
        started = time.perf_counter()
        handler = self.handler
        handler.context = context
        if handler._is_describe():
            return [handler.describe_handle()]
        if handler._is_explain():
            output: list[Any] = handler.explain_handle(handler.preprocess(data), data)
        else:
            output = self.handle(data)
        if context.metrics is not None:
            context.metrics.add_time("HandlerTime", round((time.perf_counter() - started) * 1000, 2), None, "ms")
        return output


def _call(method: Any, number: int, value: Any) -> Any:
    _part.number = number
    return method(value)
