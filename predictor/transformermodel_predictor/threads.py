"""Limits the threads of a forward pass to the CPUs that the process may use.

Too many threads are far slower than too few, and thread pools count the node's cores, not the container's share.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

_CGROUPS = Path("/sys/fs/cgroup")
_OWN_CGROUPS = Path("/proc/self/cgroup")
_SPINS = 3000
"""How often a thread of GNU's OpenMP looks for its next part of an operation before it sleeps: for some 50 µs.

That bridges the gaps between the operations of a pass. GNU's own 300,000 take milliseconds, and where other processes
want the CPUs, looking uses up the time that the scheduler would give to computing: beside four busy processes on two
CPUs, one client got less than half of the answers (`benchmarks.serving.neighbours`).
"""


def cpu_limit(cgroups: Path = _CGROUPS, own: Path = _OWN_CGROUPS) -> int:
    """CPUs that this process may use: the smallest of its affinity and its cgroups' quotas, rounded down, at least 1.

    Args:
        cgroups: mount point of the cgroup file systems.
        own: the file that lists the process's cgroups.
    """
    quotas = [quota for directory in _directories(cgroups, own) if (quota := _quota(directory)) is not None]
    return max(1, math.floor(min([*quotas, float(_available())])))


def limit_threads(wanted: int | None) -> int:
    """Set the number of threads, through the environment, for libraries and processes that start later; return it.

    OpenMP must not bind threads to cores: it would bind each thread that computes, and all threads which that one
    starts, to the first core. Nor must its threads spin for long while they wait, unless the user says how they wait.

    Args:
        wanted: number of threads; when None, OMP_NUM_THREADS, or else as many as there are CPUs. Never more than CPUs.
    """
    limit = cpu_limit()
    from_environment = os.environ.get("OMP_NUM_THREADS", "")
    requested = wanted or (int(from_environment) if from_environment.isdecimal() else limit)
    threads = max(1, min(requested, limit))
    os.environ["OMP_NUM_THREADS"] = str(threads)
    os.environ["OMP_PROC_BIND"] = "false"
    if "OMP_WAIT_POLICY" not in os.environ:
        os.environ.setdefault("GOMP_SPINCOUNT", str(_SPINS))
    os.environ["RAYON_NUM_THREADS"] = str(threads)
    os.environ["TOKENIZERS_PARALLELISM"] = "true" if threads > 1 else "false"
    return threads


def _available() -> int:
    affinity = getattr(os, "sched_getaffinity", None)  # not on macOS
    return len(affinity(0)) if affinity else os.cpu_count() or 1


def _directories(cgroups: Path, own: Path) -> Iterator[Path]:
    """The directories of the process's cgroups and of their ancestors; in a container its own is the mount itself."""
    try:
        lines = own.read_text().splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        mounts = [cgroups] if not controllers else [cgroups / controllers, cgroups / "cpu"]
        inner = PurePosixPath(path.lstrip("/"))
        for mount in mounts:
            yield from (mount / part for part in (inner, *inner.parents))


def _quota(directory: Path) -> float | None:
    """CPUs that a cgroup's processes may use together; None if there is no limit."""
    unified = _words(directory / "cpu.max")
    if unified:
        return None if unified[0] == "max" else int(unified[0]) / int(unified[1])
    quota, period = _words(directory / "cpu.cfs_quota_us"), _words(directory / "cpu.cfs_period_us")
    if not quota or not period or int(quota[0]) <= 0:
        return None
    return int(quota[0]) / int(period[0])


def _words(file: Path) -> list[str]:
    try:
        return file.read_text().split()
    except OSError:
        return []
