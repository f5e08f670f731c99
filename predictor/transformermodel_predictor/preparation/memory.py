"""Memory that this process uses, and memory that is free."""

import gc
import os
import sys
from pathlib import Path
from resource import RUSAGE_SELF, getrusage
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

_STATM = Path("/proc/self/statm")
_MEMINFO = Path("/proc/meminfo")
_CGROUP = Path("/sys/fs/cgroup")


def resident_bytes() -> int:
    """Resident memory of this process in bytes, mapped files included; the peak where only that is known."""
    gc.collect()
    if _STATM.is_file():
        return int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    largest = getrusage(RUSAGE_SELF).ru_maxrss
    return largest if sys.platform == "darwin" else largest * 1024


def free_bytes() -> int | None:
    """Free memory in bytes, of the machine and within the container's limit; None if unknown."""
    known = [amount for amount in (_within_machine(), _within_container()) if amount is not None]
    return min(known, default=None)


def device_free_bytes(device: "torch.device") -> int | None:
    """Free memory of an accelerator in bytes; None for the CPU, and if unknown."""
    if device.type != "cuda":
        return None
    import torch  # slow to import, and loaded already where there is a device

    free, _ = torch.cuda.mem_get_info(device)
    return free


def _within_machine() -> int | None:
    for line in _MEMINFO.read_text().splitlines() if _MEMINFO.is_file() else ():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None


def _within_container() -> int | None:
    """Free bytes within the container's limit (cgroup v2)."""
    try:
        limit, used = ((_CGROUP / name).read_text().strip() for name in ("memory.max", "memory.current"))
    except OSError:
        return None
    return max(0, int(limit) - int(used)) if limit.isdecimal() else None
