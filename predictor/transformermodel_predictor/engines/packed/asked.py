"""What a layer asks of attention, and which tokens may see each other within a sequence. Pure."""

from dataclasses import dataclass

import torch

from transformermodel_predictor.engines.packed.runs import Run


@dataclass(frozen=True)
class Asked:
    """What a layer asks of attention.

    Attributes:
        query: [1, heads, total, width].
        key: as the query.
        value: as the query.
        scaling: factor of the scores; 1/sqrt(width) when None.
        window: number of positions that a token sees to each side, its own included; all when None.
        first_alone: whether the first token of each sequence is all that is asked for.
    """

    query: torch.Tensor
    key: torch.Tensor
    value: torch.Tensor
    scaling: float | None = None
    window: int | None = None
    first_alone: bool = False

    def asking(self, run: Run) -> int:
        """How many tokens of each sequence of a run attention is asked for."""
        return 1 if self.first_alone else run.length

    def seen_in(self, run: Run) -> torch.Tensor | None:
        """Which tokens of a run's sequences those that ask see, bool [asking, length]; None where all of them."""
        if self.window is None or run.length <= self.window:
            return None
        return band(run.length, self.window, self.query.device)[: self.asking(run)]


def band(length: int, window: int, device: torch.device) -> torch.Tensor:
    """Which positions see which: bool [length, length], True within the window."""
    positions = torch.arange(length, device=device)
    return (positions.unsqueeze(0) - positions.unsqueeze(1)).abs() < window
