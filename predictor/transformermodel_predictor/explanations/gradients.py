"""Objectives of several rows and their gradients: one pass back for one objective of each row."""

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
) -> tuple[list[list[float]], list[torch.Tensor]]:
    """The objectives of each row, and the gradient of each by the row's own part of what was embedded.

    Rows do not see each other, so the gradient of the sum of their first objectives holds that of each; and so on.

    Args:
        rows: in any order.
        outputs: of each row, in the same order.
        embedded: what the model was given, all rows in one tensor.

    Returns:
        The values by row and objective; and tensors like `embedded`, of the first objectives, the second ones, and on.

    Raises:
        ArithmeticError: an objective is no finite number.
        NotDifferentiable: an objective does not depend on what was embedded.
    """
    values = [
        [objective.value(output) for objective in row.objectives] for row, output in zip(rows, outputs, strict=True)
    ]
    rounds = [torch.stack([own for own in one if own is not None]) for one in zip_longest(*values)]
    if not all(bool(torch.isfinite(one).all()) for one in rounds):
        raise ArithmeticError("what is explained is no finite number")
    if not all(one.requires_grad for one in rounds):
        raise NotDifferentiable("what is explained does not depend on the embeddings")
    gradients = [
        torch.autograd.grad(one.sum(), embedded, retain_graph=number < len(rounds))[0]
        for number, one in enumerate(rounds, start=1)
    ]
    return [torch.stack(own).tolist() for own in values], gradients


def results_of_row(values: Sequence[float], gradients: Iterable[torch.Tensor]) -> Result:
    """What came of a row: the values of its objectives, and its parts of the gradients, of which there may be more."""
    first, *further = map(Result, values, gradients)
    return replace(first, further=tuple(further))
