"""Counts the accelerators that handlers may use, with PyTorch in another process: the server may not import it."""

import ctypes
import subprocess
import sys
from functools import cache
from pathlib import Path

from transformermodel_predictor.torchserve.call import HandlerFailed

_DEVICES = (Path("/dev/kfd"), Path("/dev/dxg"))
"""Device files of AMD's driver, and of Windows' driver in WSL."""

_NVIDIA_LIBRARY = "libcuda.so.1"
"""The library of NVIDIA's driver, without which PyTorch finds no accelerator."""

_COUNT = "import torch; print(torch.cuda.device_count())"


@cache
def accelerator_count() -> int:
    """Number of accelerators visible to this server's processes. If a driver is installed, the first call is slow.

    Raises:
        HandlerFailed: PyTorch cannot say.
    """
    return count_by_pytorch() if has_driver() else 0


def has_driver() -> bool:
    """Whether the driver of some accelerator is installed."""
    if any(device.exists() for device in _DEVICES):
        return True
    try:
        ctypes.CDLL(_NVIDIA_LIBRARY)
    except OSError:
        return False
    return True


def count_by_pytorch() -> int:
    """Have PyTorch count the accelerators, in a separate process.

    Raises:
        HandlerFailed: PyTorch is not installed, or cannot be loaded.
    """
    counted = subprocess.run([sys.executable, "-P", "-c", _COUNT], capture_output=True, text=True, check=False)
    if counted.returncode:
        reason = (counted.stderr.strip().splitlines() or [f"exit status {counted.returncode}"])[-1]
        raise HandlerFailed(
            f"PyTorch cannot say which accelerators there are: {reason}. Set deviceType: cpu to do without."
        )
    return int(counted.stdout)
