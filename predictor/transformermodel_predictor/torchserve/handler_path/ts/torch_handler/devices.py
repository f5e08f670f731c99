"""Chooses the device of a handler's model."""

import os
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import torch

XLA_AVAILABLE = find_spec("torch_xla") is not None

_TENSOR_CORES = (8, 0)
"""Lowest compute capability at which float32 matrices are multiplied in TF32."""


@dataclass(frozen=True)
class Placement:
    """A device, and where to load weights.

    Attributes:
        map_location: the type of device.
        device: the device with its index.
    """

    map_location: str
    device: torch.device


def choose_device(gpu_id: int | str | None) -> Placement:
    """The first of CUDA, XPU (with TS_IPEX_GPU_ENABLE=true), MPS and XLA that is available, else the CPU.

    Args:
        gpu_id: index of the worker's accelerator; None leaves only XLA and the CPU.
    """
    if gpu_id is not None:
        if torch.cuda.is_available():
            return Placement("cuda", _cuda(gpu_id))
        if os.environ.get("TS_IPEX_GPU_ENABLE") == "true" and torch.xpu.is_available():
            return Placement("xpu", torch.device(f"xpu:{gpu_id}"))
        if torch.backends.mps.is_available():
            return Placement("mps", torch.device("mps"))
    if XLA_AVAILABLE:
        return Placement("cpu", _xla())
    return Placement("cpu", torch.device("cpu"))


def _cuda(gpu_id: int | str) -> torch.device:
    device = torch.device(f"cuda:{gpu_id}")
    if torch.cuda.get_device_capability(device) >= _TENSOR_CORES:
        torch.set_float32_matmul_precision("high")
    return device


def _xla() -> Any:
    from torch_xla.core import xla_model

    return xla_model.xla_device()
