"""How many accelerators handlers may use. Their server does without PyTorch, so that another process asks it."""

import ctypes
import subprocess
import sys
from functools import cache
from pathlib import Path

from transformermodel_predictor.torchserve.call import HandlerFailed

_DEVICES = (Path("/dev/kfd"), Path("/dev/dxg"))
"""Of AMD's driver, and of Windows' in WSL."""

_NVIDIA_LIBRARY = "libcuda.so.1"
"""Of NVIDIA's driver. PyTorch loads it by this name, and finds no accelerator without it."""

_COUNT = "import torch; print(torch.cuda.device_count())"


@cache
def accelerator_count() -> int:
    """Number of accelerators that processes of this server may see.

    Where a driver is installed it works for seconds the first time.

    Raises:
        HandlerFailed: PyTorch cannot say.
    """
    return count_by_pytorch() if has_driver() else 0


def has_driver() -> bool:
    """Whether a driver is installed without which there is no accelerator."""
    if any(device.exists() for device in _DEVICES):
        return True
    try:
        ctypes.CDLL(_NVIDIA_LIBRARY)
    except OSError:
        return False
    return True


def count_by_pytorch() -> int:
    """The number as PyTorch counts, in a process of its own.

    Raises:
        HandlerFailed: PyTorch is not there, or does not load.
    """
    asked = subprocess.run([sys.executable, "-P", "-c", _COUNT], capture_output=True, text=True, check=False)
    if asked.returncode:
        reason = (asked.stderr.strip().splitlines() or [f"exit status {asked.returncode}"])[-1]
        raise HandlerFailed(
            f"PyTorch cannot say which accelerators there are: {reason}. Set deviceType: cpu to do without."
        )
    return int(asked.stdout)
