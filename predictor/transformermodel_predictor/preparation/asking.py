"""Asking a model the questions on which two ways to run it are compared."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from transformers import PreTrainedTokenizerBase

from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.loading import regroup
from transformermodel_predictor.tasks.task import EncoderTask, Encoding


class Asked(Protocol):
    """The parts of a model that are needed to answer."""

    @property
    def task(self) -> EncoderTask[Any, Any]:
        """What it does with text."""
        ...

    @property
    def tokenizer(self) -> PreTrainedTokenizerBase:
        """From text to tokens."""
        ...

    @property
    def engine(self) -> Engine:
        """What runs it."""
        ...


@dataclass(frozen=True)
class StepLimits:
    """Bounds of the steps in which candidates are compared and measured: the server's own unless told otherwise.

    Attributes:
        rows: most rows.
        tokens: most tokens, padding included; a row with more goes alone.
    """

    rows: int = 32
    tokens: int = 4096


ALONE = StepLimits(rows=1)
"""Nothing is padded."""


def ask(model: Asked, questions: Sequence[Any], limits: StepLimits) -> list[Any]:
    """The task's own answers, in the order of the questions."""
    windows = model.task.encode(model.tokenizer, questions)
    rows = [encoding for parts in windows for encoding in parts]
    outputs = [result for step in steps(rows, limits) for result in model.engine.run(step)]
    return model.task.decode(questions, windows, regroup(outputs, windows))


def encodings(model: Asked, questions: Sequence[Any]) -> list[Encoding]:
    """All windows of the questions."""
    return [encoding for parts in model.task.encode(model.tokenizer, questions) for encoding in parts]


def steps(rows: Sequence[Encoding], limits: StepLimits) -> Iterator[list[Encoding]]:
    """The rows cut into steps, in their order, so that short ones stand beside long ones."""
    step: list[Encoding] = []
    for row in rows:
        longest = max(len(row), *(len(other) for other in step)) if step else len(row)
        if step and (len(step) == limits.rows or longest * (len(step) + 1) > limits.tokens):
            yield step
            step = []
        step.append(row)
    if step:
        yield step
