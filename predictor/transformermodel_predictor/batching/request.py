"""What one caller waits for, on its way through the stages."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from transformermodel_predictor.tasks.task import Encoding, Outputs, Windows
from transformermodel_predictor.telemetry.timeline import Timeline

Question = TypeVar("Question")
Answer = TypeVar("Answer")


class Request(Generic[Question, Answer]):
    """The questions of one caller. Made in the event loop; all else but `answered` is the worker's.

    Args:
        questions: at least one.
        arrived: when, on the scheduler's clock.
        timeline: where its phases are noted; None where nobody wants to know.
    """

    def __init__(self, questions: Sequence[Question], arrived: float, timeline: Timeline | None = None) -> None:
        self.questions = questions
        self.arrived = arrived
        self._timeline = timeline
        self.answered: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self.windows: list[Windows] = []
        self._outputs: list[list[Outputs | None]] = []
        self._missing = 0
        self._answers: Sequence[Answer] | None = None
        self._error: Exception | None = None

    @property
    def over(self) -> bool:
        """Whether nobody waits any more: it was cancelled, or has failed."""
        return self._error is not None or self.answered.done()

    @property
    def complete(self) -> bool:
        """Whether every window of every question has its outputs."""
        return not self._missing and len(self.windows) == len(self.questions)

    @property
    def outputs(self) -> list[list[Outputs]]:
        """The outputs by question and window, once it is complete."""
        return [[outputs for outputs in parts if outputs is not None] for parts in self._outputs]

    def finish(self, answers: Sequence[Answer]) -> None:
        """It is answered; the caller learns of it when it is woken."""
        self._answers = answers

    def fail(self, error: BaseException) -> None:
        """It cannot be answered; its remaining rows need not run."""
        self._error = failure(error)

    def wake(self) -> None:
        """Give the caller the answers or the error; in the event loop."""
        if self.answered.done():
            return
        if self._error is not None:
            self.answered.set_exception(self._error)
        else:
            self.answered.set_result(list(self._answers or ()))

    def encoded(self, windows: Sequence[Windows]) -> Iterator["Row[Question, Answer]"]:
        """Take the encodings of its next questions; the rows to run for them."""
        for parts in windows:
            question = len(self.windows)
            self.windows.append(parts)
            self._outputs.append([None] * len(parts))
            self._missing += len(parts)
            yield from (Row(self, question, window, encoding) for window, encoding in enumerate(parts))

    def note(self, phase: str, began: float, ended: float) -> None:
        """Some of it was worked on."""
        if self._timeline is not None:
            self._timeline.add(phase, began, ended)

    def settle(self, question: int, window: int, outputs: Outputs) -> None:
        """Take the outputs of one row."""
        self._outputs[question][window] = outputs
        self._missing -= 1


@dataclass(eq=False)
class Row(Generic[Question, Answer]):
    """One sequence that an engine is to run.

    Attributes:
        request: whose it is.
        question: which of the request's questions.
        window: which of that question's windows.
        encoding: the sequence.
        taken: whether it is in a step already.
    """

    request: Request[Question, Answer]
    question: int
    window: int
    encoding: Encoding
    taken: bool = field(default=False)

    @property
    def waits(self) -> bool:
        """Whether it is still to run."""
        return not self.taken and not self.request.over

    def settle(self, outputs: Outputs) -> None:
        """Hand its outputs to its request."""
        self.request.settle(self.question, self.window, outputs)


def failure(error: BaseException) -> Exception:
    """What a caller is told of an error in the worker's thread: nothing that would end more than its request.

    What is written in Rust, as tokenizers are, panics with an error that is no Exception; foreign code may even exit.
    """
    if isinstance(error, Exception):
        return error
    told = RuntimeError(f"{type(error).__name__}: {error}")
    told.__cause__ = error
    return told
