"""The arguments of a layer's attention, and which tokens see each other within a sequence. Pure."""

from dataclasses import dataclass

import torch

from transformermodel_predictor.engines.packed.runs import Run


@dataclass(frozen=True)
class AttentionCall:
    """The arguments of a layer's attention.

    Attributes:
        query: [1, heads, total, width].
        key: shaped like the query.
        value: shaped like the query.
        scaling: factor of the scores; 1/sqrt(width) when None.
        window: number of positions that a token sees to each side, including its own; all when None.
        first_alone: whether only the first token of each sequence is wanted.
    """

    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor
    scaling: float | None = None
    window: int | None = None
    first_alone: bool = False

    def queries_in(self, run: Run) -> int:
        """Number of tokens per sequence of a run whose attention is wanted."""
        return 1 if self.first_alone else run.length

    def seen_in(self, run: Run) -> torch.Tensor | None:
        """Which tokens of their sequence the wanted ones see, bool [queries, length]; None if all."""
        if self.window is None or run.length <= self.window:
            return None
        return band(run.length, self.window, self.query.device)[: self.queries_in(run)]


def band(length: int, window: int, device: torch.device) -> torch.Tensor:
    """Which positions see which: bool [length, length], True within the window."""
    positions = torch.arange(length, device=device)
    return (positions.unsqueeze(0) - positions.unsqueeze(1)).abs() < window
