"""Measures the memory of processes."""

import sys
from pathlib import Path
from typing import TextIO

import psutil


def get_cpu_usage(pid: int | str) -> int:
    """The resident memory of a process.

    Args:
        pid: the process id, or its path in /proc.

    Returns:
        Bytes; 0 if there is no such process.
    """
    try:
        return int(psutil.Process(int(Path(str(pid)).name)).memory_info().rss)
    except psutil.NoSuchProcess:
        return 0


def check_process_mem_usage(stdin: TextIO) -> None:
    """Print the memory of processes as `PID:BYTES`.

    Args:
        stdin: one line of comma-separated process ids.
    """
    for pid in stdin.readline().strip().split(","):
        sys.stdout.write(f"{pid}:{get_cpu_usage(pid)}\n")
