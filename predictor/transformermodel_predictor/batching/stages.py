"""The stages of a scheduler: tokenize, run, decode. They run in the worker thread."""

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from transformermodel_predictor.batching.limits import BatchLimits
from transformermodel_predictor.batching.reports import Reports
from transformermodel_predictor.batching.request import Answer, Question, Request, Row
from transformermodel_predictor.batching.waiting import ByLength, InOrder, Waiting
from transformermodel_predictor.engines.engine import Engine, computed_by
from transformermodel_predictor.tasks.task import Encoding, Outputs, Windows
from transformermodel_predictor.telemetry.observer import Observer

_log = logging.getLogger(__name__)

_Item = TypeVar("_Item")
QuestionTaken = TypeVar("QuestionTaken", contravariant=True)

_TOKENIZED_TOGETHER = 64
"""Most questions tokenized in one call."""
_LOOKAHEAD_STEPS = 4
"""Steps' worth of tokens encoded ahead at most, so that rows of similar length can be chosen from them."""


class Codec(Protocol[QuestionTaken, Answer]):
    """Turns questions into encodings, and outputs into answers. Used in one thread."""

    def encode(self, questions: Sequence[QuestionTaken]) -> list[Windows]:
        """Tokenize questions; return one tuple of windows per question."""
        ...

    def decode(
        self, questions: Sequence[QuestionTaken], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Answer]:
        """Return one answer per question."""
        ...


@dataclass(frozen=True)
class _Part(Generic[Question, Answer]):
    """Some of a request's questions: a large request is tokenized in parts."""

    request: Request[Question, Answer]
    questions: Sequence[Question]


class Stages(Generic[Question, Answer]):
    """The stages that every request passes through.

    Args:
        codec: tokenizes questions and decodes outputs.
        engine: runs the steps.
        limits: limits on the size of a step.
        observer: receives queue times, step sizes and phase times, after the answers.
    """

    def __init__(self, codec: Codec[Question, Answer], engine: Engine, limits: BatchLimits, observer: Observer) -> None:
        self._codec = codec
        self._engine = engine
        self._limits = limits
        self._computed = computed_by(engine)
        self._reports = Reports(observer)
        self._inbox: deque[_Part[Question, Answer]] = deque()
        self._waiting: Waiting[Row[Question, Answer]] = InOrder() if engine.padding_free else ByLength()
        self._complete: list[Request[Question, Answer]] = []
        self._finished: list[Request[Question, Answer]] = []

    def push(self, request: Request[Question, Answer]) -> None:
        """Put a request into the inbox; may be called from any thread."""
        for first in range(0, len(request.questions), _TOKENIZED_TOGETHER):
            self._inbox.append(_Part(request, request.questions[first : first + _TOKENIZED_TOGETHER]))

    @property
    def has_work(self) -> bool:
        """Whether a request is in the inbox, or a row is waiting for a step."""
        return bool(self._inbox) or not self._waiting.empty

    def run_cycle(self) -> None:
        """Tokenize the inbox, run one step, and answer the requests that are complete."""
        try:
            self._tokenize_inbox()
            if step := self._waiting.next_step(self._limits):
                self._run(step)
            if self._complete:
                complete, self._complete = self._complete, []
                self._decode(complete)
        finally:
            finished, self._finished = self._finished, []
            self._resolve(finished)

    def fail_waiting(self, error: Exception) -> None:
        """Fail all waiting requests, because no cycle will run any more."""
        failed: list[Request[Question, Answer]] = []
        while self._inbox:
            failed.append(self._inbox.popleft().request)
        while step := self._waiting.next_step(self._limits):
            failed.extend(row.request for row in step)
        for request in failed:
            request.fail(error)
        self._resolve(failed)

    def _tokenize_inbox(self) -> None:
        """Tokenize requests from the inbox, up to as many tokens as the next steps can take."""
        while self._inbox and self._waiting.tokens < _LOOKAHEAD_STEPS * self._limits.tokens:
            parts: list[_Part[Question, Answer]] = []
            questions = 0
            while self._inbox and questions < _TOKENIZED_TOGETHER:
                part = self._inbox.popleft()
                if not part.request.is_over:
                    parts.append(part)
                    questions += len(part.questions)
            if parts:
                self._encode(parts)

    def _encode(self, parts: Sequence[_Part[Question, Answer]]) -> None:
        began = time.perf_counter()
        try:
            windows = self._windows([question for part in parts for question in part.questions])
        except BaseException as error:  # noqa: BLE001 - fails the request whose question caused it
            self._isolate(parts, error, lambda part: part.request, self._encode)
            return
        ended = self._end_phase("tokenize", began)
        first = 0
        for part in parts:
            part.request.record_phase("tokenize", began, ended)
            for row in part.request.add_windows(windows[first : first + len(part.questions)]):
                self._waiting.push(row)
            first += len(part.questions)

    def _windows(self, questions: Sequence[Question]) -> list[Windows]:
        windows = self._codec.encode(questions)
        if len(windows) != len(questions) or not all(windows):
            made = f"{len(windows) - windows.count(())} of {len(windows)}"
            raise RuntimeError(f"each of {len(questions)} questions must have windows, but {made} have")
        return windows

    def _run(self, step: Sequence[Row[Question, Answer]]) -> None:
        began = time.perf_counter()
        self._report_step(step, began)
        try:
            outputs = self._outputs([row.encoding for row in step])
        except BaseException as error:  # noqa: BLE001 - fails the request whose row caused it
            self._isolate(step, error, lambda row: row.request, self._run)
            return
        ended = self._end_phase("forward", began)
        for row, result in zip(step, outputs, strict=True):
            row.request.record_phase("forward", began, ended)
            row.set_outputs(result)
            if row.request.is_complete:
                self._complete.append(row.request)

    def _outputs(self, encodings: Sequence[Encoding]) -> list[Outputs]:
        outputs = self._engine.run(encodings)
        if len(outputs) != len(encodings):
            raise RuntimeError(f"the engine answered {len(encodings)} rows with {len(outputs)}")
        return outputs

    def _decode(self, complete: Sequence[Request[Question, Answer]]) -> None:
        began = time.perf_counter()
        try:
            answers = self._answers(complete)
        except BaseException as error:  # noqa: BLE001 - fails the request whose outputs caused it
            self._isolate(complete, error, lambda request: request, self._decode)
            return
        ended = self._end_phase("decode", began)
        first = 0
        for request in complete:
            request.record_phase("decode", began, ended)
            request.finish(answers[first : first + len(request.questions)])
            first += len(request.questions)
        self._finished.extend(complete)

    def _answers(self, complete: Sequence[Request[Question, Answer]]) -> list[Answer]:
        questions = [question for request in complete for question in request.questions]
        answers = self._codec.decode(
            questions,
            [windows for request in complete for windows in request.windows],
            [outputs for request in complete for outputs in request.outputs],
        )
        if len(answers) != len(questions):
            raise RuntimeError(f"{len(questions)} questions were decoded to {len(answers)} answers")
        return answers

    def _isolate(
        self,
        items: Sequence[_Item],
        error: BaseException,
        request_of: Callable[[_Item], Request[Question, Answer]],
        stage: Callable[[Sequence[_Item]], None],
    ) -> None:
        """Repeat a failed stage item by item, so that the error fails only the requests that cause it."""
        if len(items) == 1:
            request = request_of(items[0])
            request.fail(error)
            self._finished.append(request)
            return
        _log.warning("%d together failed with %s; doing them one by one", len(items), type(error).__name__)
        for item in items:
            if not request_of(item).is_over:
                stage([item])

    def _end_phase(self, phase: str, began: float) -> float:
        """Report a phase that ends now, and return the time."""
        now = time.perf_counter()
        self._reports.phase(phase, now - began)
        return now

    def _report_step(self, step: Sequence[Row[Question, Answer]], now: float) -> None:
        lengths = [len(row.encoding) for row in step]
        tokens = sum(lengths)
        self._reports.step(len(step), tokens, self._computed(lengths) - tokens)
        for row in step:
            self._reports.queued(now - row.request.arrived)

    def _resolve(self, finished: Sequence[Request[Question, Answer]]) -> None:
        """Resolve all requests with one call into their event loop; their callers run on before the reports."""
        loop = finished[0].future.get_loop() if finished else None
        if loop is None or loop.is_closed():  # no caller is left to wait
            self._reports.pass_on()
            return

        def resolve() -> None:
            for request in finished:
                request.resolve()
            loop.call_soon(self._reports.pass_on)

        loop.call_soon_threadsafe(resolve)
