"""The worker's side of a scheduler: tokenize, run, decode. All of it runs in the worker's thread."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from transformermodel_predictor.batching.limits import BatchLimits
from transformermodel_predictor.batching.request import Answer, Question, Request, Row
from transformermodel_predictor.batching.waiting import ByLength, InOrder, Waiting
from transformermodel_predictor.engines.engine import Engine, computed_tokens
from transformermodel_predictor.tasks.task import Encoding, Outputs, Windows
from transformermodel_predictor.telemetry.observer import Observer

_log = logging.getLogger(__name__)

_Item = TypeVar("_Item")
Asked = TypeVar("Asked", contravariant=True)

_TAKEN_TOGETHER = 64
"""Questions that are tokenized in one call."""
_WINDOW_STEPS = 4
"""Steps' worth of tokens that are made ready at most; from so many, rows of like length are chosen."""


class Codec(Protocol[Asked, Answer]):
    """From questions to encodings, and from outputs to answers. Used in one thread."""

    def encode(self, questions: Sequence[Asked]) -> list[Windows]:
        """Tokenize; one tuple of windows per question."""
        ...

    def decode(
        self, questions: Sequence[Asked], windows: Sequence[Windows], outputs: Sequence[Sequence[Outputs]]
    ) -> list[Answer]:
        """Answers, one per question."""
        ...


@dataclass(frozen=True)
class _Part(Generic[Question, Answer]):
    """Some of a request's questions: a large request is tokenized piece by piece."""

    request: Request[Question, Answer]
    questions: Sequence[Question]


class Stages(Generic[Question, Answer]):
    """What requests pass through.

    Args:
        codec: what tokenizes and decodes.
        engine: what runs the steps.
        limits: bounds of a step.
        observer: who is told what happens.
    """

    def __init__(self, codec: Codec[Question, Answer], engine: Engine, limits: BatchLimits, observer: Observer) -> None:
        self._codec = codec
        self._engine = engine
        self._limits = limits
        self._observer = observer
        self._inbox: deque[_Part[Question, Answer]] = deque()
        self._waiting: Waiting[Row[Question, Answer]] = InOrder() if engine.padding_free else ByLength()
        self._complete: list[Request[Question, Answer]] = []
        self._over: list[Request[Question, Answer]] = []

    def push(self, request: Request[Question, Answer]) -> None:
        """Leave a request in the inbox; may be called in any thread."""
        for first in range(0, len(request.questions), _TAKEN_TOGETHER):
            self._inbox.append(_Part(request, request.questions[first : first + _TAKEN_TOGETHER]))

    @property
    def busy(self) -> bool:
        """Whether anything is left to do."""
        return bool(self._inbox) or not self._waiting.empty

    def cycle(self) -> None:
        """Take in what came, run one step, and answer what is complete."""
        try:
            self._take_in()
            if step := self._waiting.next_step(self._limits):
                self._run(step)
            if self._complete:
                complete, self._complete = self._complete, []
                self._decode(complete)
        finally:
            over, self._over = self._over, []
            _deliver(over)

    def give_up(self, error: Exception) -> None:
        """Fail all that waits, because no cycle will come any more."""
        over: list[Request[Question, Answer]] = []
        while self._inbox:
            over.append(self._inbox.popleft().request)
        while step := self._waiting.next_step(self._limits):
            over.extend(row.request for row in step)
        for request in over:
            request.fail(error)
        _deliver(over)

    def _take_in(self) -> None:
        """Tokenize what came, as far as it may go into one of the next steps."""
        while self._inbox and self._waiting.tokens < _WINDOW_STEPS * self._limits.tokens:
            parts: list[_Part[Question, Answer]] = []
            questions = 0
            while self._inbox and questions < _TAKEN_TOGETHER:
                part = self._inbox.popleft()
                if not part.request.over:
                    parts.append(part)
                    questions += len(part.questions)
            if parts:
                self._encode(parts)

    def _encode(self, parts: Sequence[_Part[Question, Answer]]) -> None:
        began = time.perf_counter()
        try:
            windows = self._windows([question for part in parts for question in part.questions])
        except BaseException as error:  # noqa: BLE001 - whatever a question does belongs to who asked it
            self._separate(parts, error, lambda part: part.request, self._encode)
            return
        ended = self._ended("tokenize", began)
        first = 0
        for part in parts:
            part.request.note("tokenize", began, ended)
            for row in part.request.encoded(windows[first : first + len(part.questions)]):
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
        self._tell(step, began)
        try:
            outputs = self._outputs([row.encoding for row in step])
        except BaseException as error:  # noqa: BLE001 - whatever a row does belongs to who sent it
            self._separate(step, error, lambda row: row.request, self._run)
            return
        ended = self._ended("forward", began)
        for row, result in zip(step, outputs, strict=True):
            row.request.note("forward", began, ended)
            row.settle(result)
            if row.request.complete:
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
        except BaseException as error:  # noqa: BLE001 - whatever an answer does belongs to who asked for it
            self._separate(complete, error, lambda request: request, self._decode)
            return
        ended = self._ended("decode", began)
        first = 0
        for request in complete:
            request.note("decode", began, ended)
            request.finish(answers[first : first + len(request.questions)])
            first += len(request.questions)
        self._over.extend(complete)

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

    def _separate(
        self,
        items: Sequence[_Item],
        error: BaseException,
        request_of: Callable[[_Item], Request[Question, Answer]],
        stage: Callable[[Sequence[_Item]], None],
    ) -> None:
        """Find out which of the items failed, by doing them one by one; the request of one alone has failed."""
        if len(items) == 1:
            request = request_of(items[0])
            request.fail(error)
            self._over.append(request)
            return
        _log.warning("%d together failed with %s; doing them one by one", len(items), type(error).__name__)
        for item in items:
            if not request_of(item).over:
                stage([item])

    def _ended(self, phase: str, began: float) -> float:
        """When a phase has ended, which is now."""
        now = time.perf_counter()
        self._observer.phase(phase, now - began)
        return now

    def _tell(self, step: Sequence[Row[Question, Answer]], now: float) -> None:
        lengths = [len(row.encoding) for row in step]
        tokens = sum(lengths)
        self._observer.step(len(step), tokens, computed_tokens(self._engine, lengths) - tokens)
        for row in step:
            self._observer.queued(now - row.request.arrived)


def _deliver(over: Sequence[Request[Question, Answer]]) -> None:
    """Wake the callers, all with one message to their event loop."""
    if not over:
        return

    def wake() -> None:
        for request in over:
            request.wake()

    loop: asyncio.AbstractEventLoop = over[0].answered.get_loop()
    if not loop.is_closed():  # else nobody waits any more
        loop.call_soon_threadsafe(wake)
