"""Targets and engines made by hand, whose right explanation can be computed with pencil and paper."""

from collections.abc import Callable, Sequence

import torch

from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import Attribution, Baseline, Method, Options
from transformermodel_predictor.explanations.methods.catalogue import METHODS
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.tasks.task import Encoding, Outputs

PAD, MASK, CLS, SEP = 0, 1, 2, 3
ACCESS = ModelAccess({Baseline.Pad: PAD, Baseline.Mask: MASK})


class OnlyLogit:
    """The first of the logits."""

    def value(self, outputs: Outputs) -> torch.Tensor:
        return outputs["logits"][0]


class Formula:
    """An engine whose only logit is computed from the token ids.

    Attributes:
        steps: the encodings of each step.
    """

    padding_free = True

    def __init__(self, worth: Callable[[Sequence[int]], float]) -> None:
        self.steps: list[list[Encoding]] = []
        self._worth = worth

    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        self.steps.append(list(batch))
        worths = [self._worth(list(encoding.features["input_ids"])) for encoding in batch]
        return [{"logits": torch.tensor([worth], dtype=torch.float64)} for worth in worths]


def target(words: Sequence[Sequence[int]]) -> Target:
    """A text of these words, each of some tokens, between the special tokens."""
    tokens = [CLS, *(token for word in words for token in word), SEP]
    features = [None, *(number for number, word in enumerate(words) for _ in word), None]
    return Target("POSITIVE", Encoding({"input_ids": tokens}), OnlyLogit(), 0.5, tuple(features))


def explain(method: Method, asked: Target, engine: Formula, **options: object) -> Attribution:
    """What a method finds."""
    return drive(METHODS[method](asked, Options(method=method, **options), ACCESS), engine)  # type: ignore[arg-type]
