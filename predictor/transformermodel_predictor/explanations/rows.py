"""What a method asks of a model, row by row, and what it is told.

A method is a generator: it yields the rows that it wants next, is sent their results in the same order, and returns its
attribution. So it knows neither threads nor queues, and whoever drives it decides what runs together: rows of many
requests in one step of an engine, no more at once than may run between two predictions.
"""

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TypeVar

import torch

from transformermodel_predictor.explanations.explanation import Attribution
from transformermodel_predictor.explanations.target import Objective
from transformermodel_predictor.tasks.task import Encoding


@dataclass(frozen=True)
class GradientRow:
    """Run the differentiable twin on embeddings, and tell the objective and its gradient.

    Attributes:
        encoding: whose other features (token types, positions, mask) go with the embeddings.
        embedded: what the model's whole embeddings module would have returned, [tokens, width].
        objective: what is differentiated.
        further: what else is, by itself, after the same pass forward.
    """

    encoding: Encoding
    embedded: torch.Tensor
    objective: Objective
    further: tuple[Objective, ...] = ()

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """All that are differentiated."""
        return (self.objective, *self.further)

    @property
    def work(self) -> int:
        """Tokens of as much work, with one pass back each: a pass back takes about as long as the one forward."""
        return len(self.encoding) * (1 + len(self.objectives)) // 2


@dataclass(frozen=True)
class ForwardRow:
    """Run the serving engine on token ids, and tell the objective.

    Attributes:
        encoding: the sequence, with some tokens replaced.
        objective: what is looked at.
    """

    encoding: Encoding
    objective: Objective

    @property
    def work(self) -> int:
        """Tokens."""
        return len(self.encoding)


@dataclass(frozen=True)
class Result:
    """What came of a row.

    Attributes:
        value: the objective.
        gradient: of the objective by `embedded`, float32 [tokens, width] on the CPU; None for forward rows.
        further: the same of the row's further objectives, in their order.
    """

    value: float
    gradient: torch.Tensor | None = None
    further: tuple["Result", ...] = ()


Row = GradientRow | ForwardRow

_Found = TypeVar("_Found")

Asking = Generator[Sequence[Row], Sequence[Result], _Found]
"""A part of a method: it yields rows, is sent their results, and returns what it found."""

Steps = Asking[Attribution]
"""A method at work. It yields few rows at a time (tens), so that memory does not depend on the number of steps."""
