"""Objectives of several rows and their gradients, in one pass back."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import torch

from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.rows import GradientRow
from transformermodel_predictor.tasks.task import Outputs


@contextmanager
def recording() -> Iterator[None]:
    """Record what gradients need, whatever the caller has switched off."""
    with torch.inference_mode(mode=False), torch.enable_grad():
        yield


@contextmanager
def not_recording() -> Iterator[None]:
    """Compute tensors that gradients may be taken through later, which those of inference mode may not."""
    with torch.inference_mode(mode=False), torch.no_grad():
        yield


def differentiate(
    rows: Sequence[GradientRow], outputs: Sequence[Outputs], embedded: torch.Tensor
) -> tuple[list[float], torch.Tensor]:
    """The objective of each row, and the gradient of each by its own part of what was embedded.

    Rows do not see each other, so the gradient of their sum holds that of each.

    Args:
        rows: in any order.
        outputs: of each row, in the same order.
        embedded: what the model was given, all rows in one tensor.

    Returns:
        The values, and a tensor like `embedded`.

    Raises:
        ArithmeticError: an objective is no finite number.
        NotDifferentiable: an objective does not depend on what was embedded.
    """
    values = torch.stack([row.objective.value(output) for row, output in zip(rows, outputs, strict=True)])
    if not bool(torch.isfinite(values).all()):
        raise ArithmeticError("what is explained is no finite number")
    if not values.requires_grad:
        raise NotDifferentiable("what is explained does not depend on the embeddings")
    (gradient,) = torch.autograd.grad(values.sum(), embedded)
    return values.tolist(), gradient
