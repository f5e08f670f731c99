"""The straight path from a baseline to a text in embedding space."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from transformermodel_predictor.explanations.explanation import Baseline
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.tasks.task import Encoding, InvalidQuestion

_MOST_TOKENS = 2048
"""Per batch of rows: enough for efficient matrix products, few enough that memory does not grow with the steps."""

Embed = Callable[[Encoding], torch.Tensor]
"""See `Twin.embed`."""


@dataclass(frozen=True)
class Path:
    """The path of one target.

    Attributes:
        target: what to explain.
        start: the embedded baseline, [tokens, width].
        difference: the embedded text minus the baseline, [tokens, width]; 0 for tokens that are not attributed to.
    """

    target: Target
    start: torch.Tensor
    difference: torch.Tensor

    @classmethod
    def between(cls, target: Target, baseline_token: int | None, embed: Embed) -> "Path":
        """The path to a target's text from a baseline that replaces every attributed token.

        Special tokens are kept, and positions do not change.

        Args:
            target: what to explain.
            baseline_token: the replacement's id; None for embeddings of zeros.
            embed: see `Twin.embed`.
        """
        text = embed(target.encoding)
        replaced = attributed_tokens(target)
        if baseline_token is None:
            baseline = torch.zeros_like(text)
        else:
            ids = target.encoding.features["input_ids"]
            new_ids = [baseline_token if changes else token for token, changes in zip(ids, replaced, strict=True)]
            features = {**target.encoding.features, "input_ids": new_ids}
            baseline = embed(replace(target.encoding, features=features))
        start = torch.where(torch.tensor(replaced, device=text.device).unsqueeze(1), baseline, text)
        return cls(target, start, text - start)

    def row(self, alpha: float) -> GradientRow:
        """The gradient row at a point of the path, from 0 (baseline) to 1 (text)."""
        return GradientRow(self.target.encoding, self.start + alpha * self.difference, self.target.objective)

    def chunks(self, alphas: Sequence[float]) -> Iterator[Sequence[float]]:
        """Points in chunks of about equal size, each no more than one batch of rows."""
        count = math.ceil(len(alphas) / rows_at_once(len(self.target.encoding)))
        size = math.ceil(len(alphas) / max(1, count))
        return (alphas[first : first + size] for first in range(0, len(alphas), size))

    def contributions(self, result: Result) -> torch.Tensor:
        """Each token's part of the objective's derivative with respect to alpha, float64 [tokens].

        Raises:
            ArithmeticError: the gradient is not finite.
        """
        gradient = gradient_of(result)
        return (gradient * self.difference.to(gradient)).sum(dim=1, dtype=torch.float64)


def attributed_tokens(target: Target) -> list[bool]:
    """Which tokens are attributed to, and so replaced in a baseline."""
    return [feature is not None for feature in target.features]


def rows_at_once(tokens: int) -> int:
    """Rows per batch for encodings of this length."""
    return max(1, _MOST_TOKENS // tokens)


def gradient_of(result: Result) -> torch.Tensor:
    """The gradient of a gradient row's result, [tokens, width].

    Raises:
        ArithmeticError: it is not finite.
    """
    if result.gradient is None:
        raise ValueError("the result of a gradient row has no gradient")
    if not bool(torch.isfinite(result.gradient).all()):
        raise ArithmeticError("the model's gradients are not finite")
    return result.gradient


def embedding_of(access: ModelAccess) -> Embed:
    """The model's embedding function.

    Raises:
        InvalidQuestion: the model has no twin.
    """
    if access.embed is None:
        raise InvalidQuestion("This model has no gradients: choose a method that leaves words out.")
    return access.embed


def baseline_token_of(baseline: Baseline, access: ModelAccess) -> int | None:
    """The token id of a baseline; None for embeddings of zeros.

    Raises:
        InvalidQuestion: the model has no such token.
    """
    return None if baseline is Baseline.Zero else access.baseline_token(baseline)
