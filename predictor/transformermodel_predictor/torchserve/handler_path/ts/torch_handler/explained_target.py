"""Whether a model has the output that a row wants explained."""

from typing import Any

import torch

from ts.utils.prediction_exception import PredictionException


class InvalidTarget(PredictionException):
    """A row wants something explained that the model does not have; answered 400, to this row alone.

    Args:
        target: what it wants.
        has: which outputs there are, as the end of a sentence.
    """

    def __init__(self, target: Any, has: str) -> None:
        super().__init__(f"target {target!r} cannot be explained: {has}", 400)


def require_output(target: Any, outputs: Any) -> None:
    """Pass if a model's outputs have the one that is to be explained.

    Args:
        target: index of an output, or a tuple of indices where a row's outputs have several dimensions. A negative one
            counts from the end. What holds an index for each row, a list or a tensor, is not looked at.
        outputs: what the model gives [N, ...]; whatever is no tensor is not looked at.

    Raises:
        InvalidTarget: they do not have it.
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
