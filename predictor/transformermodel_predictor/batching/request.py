"""A caller's request on its way through the stages of a scheduler."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from transformermodel_predictor.tasks.task import Encoding, Outputs, Windows
from transformermodel_predictor.telemetry.timeline import Timeline

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Request(Generic[Question, Answer]):
    """The questions of one caller.

    Created and resolved on the event loop; everything in between runs in the scheduler's worker thread.

    Args:
        questions: at least one.
        arrived: time of arrival on the clock `time.perf_counter`, in seconds.
        timeline: records the phases for a trace; None if the request is not traced.

    Attributes:
        future: the answers, one per question, or the error that the request failed with.
    """

    def __init__(self, questions: Sequence[Question], arrived: float, timeline: Timeline | None = None) -> None:
        self.questions = questions
        self.arrived = arrived
        self._timeline = timeline
        self.future: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self.windows: list[Windows] = []
        self._outputs: list[list[Outputs | None]] = []
        self._missing = 0
        self._answers: Sequence[Answer] | None = None
        self._error: Exception | None = None

    @property
    def is_over(self) -> bool:
        """Whether nobody waits for it any more: it was cancelled, or it has failed."""
        return self._error is not None or self.future.done()

    @property
    def is_complete(self) -> bool:
        """Whether every window of every question has its outputs."""
        return not self._missing and len(self.windows) == len(self.questions)

    @property
    def outputs(self) -> list[list[Outputs]]:
        """The outputs by question and window, once the request is complete."""
        return [[outputs for outputs in parts if outputs is not None] for parts in self._outputs]

    def finish(self, answers: Sequence[Answer]) -> None:
        """Store the answers; `resolve` hands them to the caller."""
        self._answers = answers

    def fail(self, error: BaseException) -> None:
        """Store the error that the request fails with; its remaining rows need not run."""
        self._error = failure(error)

    def resolve(self) -> None:
        """Give the caller the answers or the error; called on the event loop."""
        if self.future.done():
            return
        if self._error is not None:
            self.future.set_exception(self._error)
        else:
            self.future.set_result(list(self._answers or ()))

    def add_windows(self, windows: Sequence[Windows]) -> Iterator["Row[Question, Answer]"]:
        """Add the encodings of the next questions, and yield the rows to run for them."""
        for parts in windows:
            question = len(self.windows)
            self.windows.append(parts)
            self._outputs.append([None] * len(parts))
            self._missing += len(parts)
            yield from (Row(self, question, window, encoding) for window, encoding in enumerate(parts))

    def record_phase(self, phase: str, began: float, ended: float) -> None:
        """Record on the timeline, if there is one, that part of the request was worked on; times in seconds."""
        if self._timeline is not None:
            self._timeline.add(phase, began, ended)

    def set_outputs(self, question: int, window: int, outputs: Outputs) -> None:
        """Store the outputs of one row."""
        self._outputs[question][window] = outputs
        self._missing -= 1


@dataclass(eq=False)
class Row(Generic[Question, Answer]):
    """One sequence for an engine to run.

    Attributes:
        request: the request it belongs to.
        question: index of the request's question.
        window: index of that question's window.
        encoding: the sequence.
        taken: whether it has been put into a step.
    """

    request: Request[Question, Answer]
    question: int
    window: int
    encoding: Encoding
    taken: bool = field(default=False)

    @property
    def waits(self) -> bool:
        """Whether it still has to run."""
        return not self.taken and not self.request.is_over

    def set_outputs(self, outputs: Outputs) -> None:
        """Pass the outputs on to the request."""
        self.request.set_outputs(self.question, self.window, outputs)


def failure(error: BaseException) -> Exception:
    """The exception that a caller gets for an error in the worker thread; one that ends no more than the request.

    A panic in Rust code, such as a tokenizer, is not an Exception, and third-party code may call sys.exit.
    """
    if isinstance(error, Exception):
        return error
    wrapped = RuntimeError(f"{type(error).__name__}: {error}")
    wrapped.__cause__ = error
    return wrapped
