"""8-bit linear layers: weights quantized per output channel, activations dynamically. For CPUs."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock
from typing import Any

import torch
from torch import nn
from torch.ao.nn.quantized.modules.linear import LinearPackedParams
from torch.ao.quantization import per_channel_dynamic_qconfig, quantize_dynamic

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.engines.mapping import leave_files
from transformermodel_predictor.quiet import quiet

_ONEDNN = "onednn"
_library = Lock()


def require_cpu(device: torch.device) -> None:
    """Refuse other devices before anything is loaded: PyTorch has no such layers for them.

    Raises:
        PreparationFailed: UnsupportedForm.
    """
    if device.type != "cpu":
        raise PreparationFailed(
            FailureReason.UnsupportedForm, f"this engine computes in Int8 on CPUs only, not on {device.type}."
        )


def quantize(model: nn.Module) -> None:
    """Replace the linear layers of a float32 model on the CPU."""
    leave_files(model)  # first, because quantized layers keep the bias tensor they are given
    with quiet(), _packing_with(fastest_library()):  # torch.ao warns that it will become its own package
        quantize_dynamic(  # type: ignore[no-untyped-call]
            model, {nn.Linear: per_channel_dynamic_qconfig}, dtype=torch.qint8, inplace=True
        )


def is_quantized(model: nn.Module) -> bool:
    """Whether any layer of a model is quantized."""
    return bool(packed_parameters(model))


def packed_parameters(model: nn.Module) -> list[nn.Module]:
    """The modules that hold a model's 8-bit weights."""
    return [part for part in model.modules() if isinstance(part, LinearPackedParams)]


def fastest_library() -> str:
    """PyTorch's name of the fastest library here for 8-bit matrix multiplication.

    oneDNN if the processor has instructions for it (VNNI, AMX), which it uses for any number of rows. Otherwise
    PyTorch's own choice: without these instructions, oneDNN accumulates in 16 bit, which can overflow.
    """
    backends: Any = torch.backends.quantized  # untyped
    vnni = torch.cpu._is_vnni_supported()
    return _ONEDNN if vnni and _ONEDNN in backends.supported_engines else str(backends.engine)


@contextmanager
def _packing_with(library: str) -> Iterator[None]:
    """Pack weights for a library. This is a process-wide setting, needed only here.

    Packed weights remember their library, and are multiplied by it whatever is set later.
    """
    backends: Any = torch.backends.quantized
    with _library:
        before = backends.engine
        backends.engine = library
        try:
            yield
        finally:
            backends.engine = before
