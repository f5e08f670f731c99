"""Rows: the model evaluations that attribution methods request, and their results.

A method is a generator: it yields the rows it needs next, is sent their results in the same order, and returns its
attribution. It knows neither threads nor queues; its driver decides what runs together, such as rows of many requests
in one engine step, but no more than fit between two predictions.
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
    """Run the differentiable twin on embeddings; the result is the objective and its gradient.

    Attributes:
        encoding: its other features (token types, positions, mask) are passed along with the embeddings.
        embedded: in place of the output of the embeddings, [tokens, width]; see `Twin.embed`.
        objective: the number to differentiate.
        further: more objectives to differentiate, each separately, after the same forward pass.
    """

    encoding: Encoding
    embedded: torch.Tensor
    objective: Objective
    further: tuple[Objective, ...] = ()

    @property
    def objectives(self) -> tuple[Objective, ...]:
        """All objectives of the row."""
        return (self.objective, *self.further)

    @property
    def work(self) -> int:
        """Cost in tokens of a row with one backward pass, which takes about as long as the forward pass."""
        return len(self.encoding) * (1 + len(self.objectives)) // 2


@dataclass(frozen=True)
class ForwardRow:
    """Run the serving engine on token ids; the result is the objective.

    Attributes:
        encoding: the sequence, with some tokens replaced.
        objective: the number to read from the outputs.
    """

    encoding: Encoding
    objective: Objective

    @property
    def work(self) -> int:
        """Cost in tokens."""
        return len(self.encoding)


@dataclass(frozen=True)
class Result:
    """The result of a row.

    Attributes:
        value: of the objective.
        gradient: of the objective with respect to `embedded`, float32 [tokens, width] on the CPU; None for forward
            rows.
        further: results of the row's further objectives, in their order.
    """

    value: float
    gradient: torch.Tensor | None = None
    further: tuple["Result", ...] = ()


Row = GradientRow | ForwardRow

_Return = TypeVar("_Return")

RowGenerator = Generator[Sequence[Row], Sequence[Result], _Return]
"""A computation that needs a model: it yields rows, is sent their results, and returns a value."""

AttributionGenerator = RowGenerator[Attribution]
"""A running method. It yields tens of rows at a time, so that memory does not grow with the number of steps."""
