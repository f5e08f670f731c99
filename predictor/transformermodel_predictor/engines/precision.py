"""The dtypes that precisions stand for."""

import torch

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.preparation import Precision

_DTYPES = {
    Precision.Float32: torch.float32,
    Precision.BFloat16: torch.bfloat16,
    Precision.Float16: torch.float16,
}


def dtype_of(precision: Precision) -> torch.dtype:
    """The dtype of all weights and of the arithmetic.

    Raises:
        PreparationFailed: UnsupportedForm, the precision is not a single floating-point dtype.
    """
    if precision not in _DTYPES:
        raise PreparationFailed(
            FailureReason.UnsupportedForm, f"this engine knows {', '.join(_DTYPES)} and not {precision}."
        )
    return _DTYPES[precision]
