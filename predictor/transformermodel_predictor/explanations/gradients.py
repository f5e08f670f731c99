"""Gradients of several rows' objectives: a backward pass for all first objectives, one for all second ones, ..."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import zip_longest

import torch

from transformermodel_predictor.explanations.embeddings import NotDifferentiable
from transformermodel_predictor.explanations.rows import GradientRow, Result
from transformermodel_predictor.tasks.task import Outputs


@contextmanager
def recording() -> Iterator[None]:
    """Record for autograd, whatever mode the caller is in."""
    with torch.inference_mode(mode=False), torch.enable_grad():
        yield


@contextmanager
def not_recording() -> Iterator[None]:
    """Compute without recording, but outside of inference mode, whose tensors autograd cannot use later."""
    with torch.inference_mode(mode=False), torch.no_grad():
        yield


def differentiate(
    rows: Sequence[GradientRow], outputs: Sequence[Outputs], embedded: torch.Tensor
) -> tuple[list[list[float]], list[torch.Tensor]]:
    """Evaluate the objectives of each row, and differentiate them with respect to the row's embeddings.

    Rows do not attend to each other, so the gradient of the sum of all first objectives contains each row's own; and so
    on for the second ones.

    Args:
        rows: in any order.
        outputs: the model's outputs for each row, in the same order.
        embedded: the embeddings the model ran on, all rows in one tensor.

    Returns:
        The values, by row and objective; and one tensor like `embedded` with the gradients of the first objectives,
        one of the second objectives, ...

    Raises:
        ArithmeticError: an objective is not finite.
        NotDifferentiable: an objective does not depend on the embeddings.
    """
    values = [
        [objective.value(output) for objective in row.objectives] for row, output in zip(rows, outputs, strict=True)
    ]
    rounds = [torch.stack([own for own in one if own is not None]) for one in zip_longest(*values)]
    if not all(bool(torch.isfinite(one).all()) for one in rounds):
        raise ArithmeticError("the objective is not finite")
    if not all(one.requires_grad for one in rounds):
        raise NotDifferentiable("the objective does not depend on the embeddings")
    gradients = [
        torch.autograd.grad(one.sum(), embedded, retain_graph=number < len(rounds))[0]
        for number, one in enumerate(rounds, start=1)
    ]
    return [torch.stack(own).tolist() for own in values], gradients


def results_of_row(values: Sequence[float], gradients: Iterable[torch.Tensor]) -> Result:
    """The result of a row from its objectives' values and gradients; surplus gradients, of other rows, are ignored."""
    first, *further = map(Result, values, gradients)
    return replace(first, further=tuple(further))
