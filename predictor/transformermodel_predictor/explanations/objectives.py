"""The objectives that explanations attribute to tokens. Pure."""

from dataclasses import dataclass, replace
from typing import Self

import torch

from transformermodel_predictor.tasks.task import Outputs


@dataclass(frozen=True)
class ClassLogit:
    """The logit of a class, from `logits` [classes]."""

    index: int

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        return outputs["logits"][self.index]


@dataclass(frozen=True)
class TokenLogits:
    """The mean logit of some tokens, each for its own class, from `logits` [tokens, classes].

    The mean rather than the sum, like an entity's score, so that long and short entities are comparable.

    Attributes:
        positions: of the tokens in the encoding, at least one.
        classes: index of the class of each token.
    """

    positions: tuple[int, ...]
    classes: tuple[int, ...]

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        return outputs["logits"][list(self.positions), list(self.classes)].mean()


@dataclass(frozen=True)
class PlaceLogit:
    """The logit of an answer starting or ending at a token, from `start_logits` or `end_logits` [tokens].

    Attributes:
        output: name of the output.
        position: of the token in the encoding.
    """

    output: str
    position: int

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        return outputs[self.output][self.position]


@dataclass(frozen=True)
class ContinuationLogProbability:
    """The sum of the log-probabilities of generated tokens, from `logits` [tokens, vocabulary].

    Attributes:
        positions: position before each generated token, where a causal model predicts it.
        tokens: ids of the generated tokens.
    """

    positions: tuple[int, ...]
    tokens: tuple[int, ...]

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        logits = outputs["logits"][list(self.positions)]
        dtype = torch.promote_types(logits.dtype, torch.float32)
        log_probabilities = logits.log_softmax(dim=-1, dtype=dtype)
        return log_probabilities[range(len(self.tokens)), list(self.tokens)].sum()

    def after(self, tokens: int) -> Self:
        """The same objective on logits from which those of the first tokens were dropped."""
        return replace(self, positions=tuple(position - tokens for position in self.positions))
