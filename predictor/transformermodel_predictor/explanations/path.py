"""The straight way from a baseline to a text through the space of embeddings."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from transformermodel_predictor.explanations.explanation import Baseline
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion

_MOST_TOKENS = 2048
"""Of the rows that are asked for at once: enough for large matrices, few enough for their memory not to matter."""

Embed = Callable[[Encoding], torch.Tensor]


@dataclass(frozen=True)
class Path:
    """The way, and what is looked at on it.

    Attributes:
        target: what is explained.
        start: the embedded baseline, [tokens, width].
        difference: the embedded text less the baseline; zeros for tokens that are held responsible for nothing.
    """

    target: Target
    start: torch.Tensor
    difference: torch.Tensor

    @classmethod
    def between(cls, target: Target, stand_in: int | None, embed: Embed) -> "Path":
        """The way to a target's text from a baseline, in which each token of a feature is replaced.

        Special tokens stay as they are, and every token stays at its place.

        Args:
            target: with its text.
            stand_in: the token that replaces others; None for embeddings of zeros.
            embed: the twin's.
        """
        text = embed(target.encoding)
        replaced = replaced_tokens(target)
        if stand_in is None:
            baseline = torch.zeros_like(text)
        else:
            ids = target.encoding.features["input_ids"]
            others = [stand_in if given else token for token, given in zip(ids, replaced, strict=True)]
            features = {**target.encoding.features, "input_ids": others}
            baseline = embed(replace(target.encoding, features=features))
        start = torch.where(torch.tensor(replaced, device=text.device).unsqueeze(1), baseline, text)
        return cls(target, start, text - start)

    def row(self, share: float) -> GradientRow:
        """A point of the way: 0 is the baseline, 1 the text."""
        return GradientRow(self.target.encoding, self.start + share * self.difference, self.target.objective)

    def chunks(self, shares: Sequence[float]) -> Iterator[Sequence[float]]:
        """Points, as many together as are to be asked for at once, and about as many each time."""
        times = math.ceil(len(shares) / rows_at_once(len(self.target.encoding)))
        size = math.ceil(len(shares) / max(1, times))
        return (shares[first : first + size] for first in range(0, len(shares), size))

    def contributions(self, result: Result) -> torch.Tensor:
        """By how much each token changes the objective per share of the way at a point, float64 [tokens].

        Raises:
            ArithmeticError: the gradient holds numbers that are not finite.
        """
        gradient = gradient_of(result)
        return (gradient * self.difference.to(gradient)).sum(dim=1, dtype=torch.float64)


def replaced_tokens(target: Target) -> list[bool]:
    """Which tokens are held responsible, and so replaced in a baseline."""
    return [feature is not None for feature in target.features]


def rows_at_once(tokens: int) -> int:
    """Rows of a length that are asked for at once."""
    return max(1, _MOST_TOKENS // tokens)


def gradient_of(result: Result) -> torch.Tensor:
    """The gradient that was asked for, [tokens, width].

    Raises:
        ArithmeticError: it holds numbers that are not finite.
    """
    if result.gradient is None:
        raise ValueError("a gradient was asked for, and none was told")
    if not bool(torch.isfinite(result.gradient).all()):
        raise ArithmeticError("the model's gradients are not finite")
    return result.gradient


def embedding_of(tools: Tools) -> Embed:
    """The twin's embedding.

    Raises:
        InvalidQuestion: the model has no twin.
    """
    if tools.embed is None:
        raise InvalidQuestion("This model has no gradients: ask for a method that leaves words out.")
    return tools.embed


def stand_in_of(baseline: Baseline, tools: Tools) -> int | None:
    """The token of a baseline; None for embeddings of zeros.

    Raises:
        InvalidQuestion: it is none of the model's tokens.
    """
    return None if baseline is Baseline.Zero else tools.stand_in(baseline)
