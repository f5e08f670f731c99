"""Checks that a model has the output to be explained."""

from typing import Any

import torch

from ts.utils.prediction_exception import PredictionException


class InvalidTarget(PredictionException):
    """A row asks to explain an output that the model does not have; answered 400, for this row only.

    Args:
        target: the requested target.
        has: the outputs that exist, as the end of a sentence.
    """

    def __init__(self, target: Any, has: str) -> None:
        super().__init__(f"target {target!r} cannot be explained: {has}", 400)


def require_output(target: Any, outputs: Any) -> None:
    """Check that a model's outputs include the target.

    Args:
        target: index of an output, or a tuple of indices if a row's outputs have several dimensions. Negative indices
            count from the end. Lists and tensors, which hold an index per row, are not checked.
        outputs: the model's outputs [N, ...]; anything but a tensor is not checked.

    Raises:
        InvalidTarget: they do not include it.
    """
    if isinstance(target, list | torch.Tensor) or not isinstance(outputs, torch.Tensor) or outputs.dim() < 2:
        return
    sizes = tuple(outputs.shape[1:])
    indices = target if isinstance(target, tuple) else (target,)
    if len(indices) == len(sizes) and all(_is_within(index, size) for index, size in zip(indices, sizes, strict=True)):
        return
    if len(sizes) == 1:
        raise InvalidTarget(target, f"it must be a whole number from 0 to {sizes[0] - 1}")
    ends = ", ".join(str(size - 1) for size in sizes)
    raise InvalidTarget(target, f"it must be {len(sizes)} whole numbers from 0 to ({ends})")


def _is_within(index: object, size: int) -> bool:
    return isinstance(index, int) and -size <= index < size
