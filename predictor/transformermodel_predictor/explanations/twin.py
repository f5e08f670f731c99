"""The interface of a model's differentiable twin: gradients are taken on it, while the engine serves predictions."""

from collections.abc import Sequence
from typing import Protocol

import torch

from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.tasks.task import Encoding


class Twin(Protocol):
    """A model with the served model's weights but its own modules, so that its hooks never run in predictions.

    Called from one thread at a time, the one that runs the engine.
    """

    def embed(self, encoding: Encoding) -> torch.Tensor:
        """The embedding output for an encoding, [tokens, width], without a gradient."""
        ...

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        """Forward and backward over all rows; their results in the same order."""
        ...
