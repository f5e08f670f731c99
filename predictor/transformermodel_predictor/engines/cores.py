"""The cores that this process may use, each with a thread that computes independently.

PyTorch splits each operation among its threads, and all of them wait for the slowest before the next operation: about a
hundred times per pass, and longer the busier the cores are with other work. Sequences are independent of each other, so
each core can compute its own from the first operation to the last.
"""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache, partial
from typing import TypeVar

import torch

_T = TypeVar("_T")

_LOOK_UP_SECONDS = 0.001
_MOST_AT_ONCE = 4
"""Most passes to run concurrently: Python prepares the operations of only one at a time, some milliseconds of each.
On machines with more cores, each pass gets several."""
_making = threading.Lock()
"""Held while `Cores` is constructed: meanwhile PyTorch limits every new thread to a single one of them."""


class Cores:
    """One thread per core, each running its operations by itself; on large machines, each has several cores.

    Args:
        threads: total number of threads that PyTorch may use.
        name: prefix of the thread names.

    Attributes:
        count: number of parts that run concurrently.
    """

    def __init__(self, threads: int, name: str = "core") -> None:
        self.count = min(threads, _MOST_AT_ONCE)
        each = partial(_compute_with, threads // self.count)
        self._threads = ThreadPoolExecutor(self.count, name, initializer=each)
        all_run = threading.Barrier(self.count)
        list(self._threads.map(lambda _: all_run.wait(), range(self.count)))
        # The thread count set in the cores' threads applies to all later threads, unless it is reset here.
        torch.set_num_threads(threads)

    def run(self, parts: Sequence[Callable[[], _T]], meanwhile: Callable[[], None] | None = None) -> list[_T]:
        """Run the parts, as many concurrently as there are cores; returns their results in order.

        Args:
            parts: each runs in one core's thread.
            meanwhile: called in the calling thread every millisecond until all parts are done.

        Raises:
            BaseException: whatever the first failing part, or `meanwhile`, raises; once all parts are done.
        """
        futures = [self._threads.submit(part) for part in parts]
        try:
            while meanwhile is not None and wait(futures, _LOOK_UP_SECONDS).not_done:
                meanwhile()
        finally:
            wait(futures)  # no part may outlive the call
        return [future.result() for future in futures]


def process_cores(use: str) -> Cores | None:
    """The cores of this process, as many as PyTorch has threads at the first call; None if that is one.

    May be called from any thread, whatever its own thread count: models are loaded concurrently.

    Args:
        use: what the cores are for; each use has its own threads, as one may wait for another midway.
    """
    with _making:
        return _made_once(use)


@cache
def _made_once(use: str) -> Cores | None:
    threads = _threads_of_the_process()
    return Cores(threads, use) if threads > 1 else None


def _threads_of_the_process() -> int:
    """PyTorch's count for a new thread; a thread that first computed while cores were made may keep a count of one."""
    with ThreadPoolExecutor(1) as new:
        return new.submit(torch.get_num_threads).result()


def _compute_with(threads: int) -> None:
    torch.get_num_threads()  # initializes a new thread to the full count; a count set earlier is lost
    torch.set_num_threads(threads)
