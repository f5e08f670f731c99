"""The numbers that explanations hold tokens responsible for. Pure."""

from dataclasses import dataclass, replace
from typing import Self

import torch

from transformermodel_predictor.tasks.task import Outputs


@dataclass(frozen=True)
class ClassLogit:
    """The logit of a class of a whole text, from `logits` [classes]."""

    index: int

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        return outputs["logits"][self.index]


@dataclass(frozen=True)
class TokenLogits:
    """The mean of the logits of some tokens, each for its class, from `logits` [tokens, classes].

    The mean, as an entity's score is the mean of its tokens' probabilities: so entities of many tokens compare with
    those of few.

    Attributes:
        positions: of the tokens in the encoding, at least one.
        classes: one for each.
    """

    positions: tuple[int, ...]
    classes: tuple[int, ...]

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        return outputs["logits"][list(self.positions), list(self.classes)].mean()


@dataclass(frozen=True)
class PlaceLogit:
    """The logit of an answer's start or end being at a token, from `start_logits` or `end_logits` [tokens].

    Attributes:
        output: which of the two.
        position: of the token in the encoding.
    """

    output: str
    position: int

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        return outputs[self.output][self.position]


@dataclass(frozen=True)
class ContinuationLogProbability:
    """The sum of the log-probabilities of tokens that were written, from `logits` [tokens, vocabulary].

    A causal model's logits at a position are those of the token after it.

    Attributes:
        positions: of the tokens before the written ones; no logits of others are looked at.
        tokens: the ids of the written ones.
    """

    positions: tuple[int, ...]
    tokens: tuple[int, ...]

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        logits = outputs["logits"][list(self.positions)]
        exact = torch.promote_types(logits.dtype, torch.float32)
        probabilities = logits.log_softmax(dim=-1, dtype=exact)
        return probabilities[range(len(self.tokens)), list(self.tokens)].sum()

    def after(self, tokens: int) -> Self:
        """The same number in logits without those of so many tokens at the beginning."""
        return replace(self, positions=tuple(position - tokens for position in self.positions))
