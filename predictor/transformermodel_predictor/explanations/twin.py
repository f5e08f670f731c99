"""The interface of a model's differentiable twin, which gradients are taken of while the engine serves."""

from collections.abc import Sequence
from typing import Protocol

import torch

from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.tasks.task import Encoding


class Twin(Protocol):
    """A model with the weights of the one that serves, and its own modules: hooks in it touch nobody else's forward.

    Called from one thread at a time, the same that runs the engine.
    """

    def embed(self, encoding: Encoding) -> torch.Tensor:
        """What the whole embeddings module returns for an encoding, [tokens, width], without a gradient."""
        ...

    def run(self, rows: Sequence[GradientRow]) -> list[Result]:
        """One pass forward and back over all rows together."""
        ...
