"""The cores that this process may use, each with a thread that computes on its own.

PyTorch shares each operation out among its threads, and all wait for the last of them before the next operation: about
a hundred times in a pass, and the longer the busier the cores are with something else. Texts need not know of each
other, so each core may as well compute its own from the first operation to the last.
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
"""Passes, because Python can prepare the operations of one only at a time: some milliseconds of each. Where there are
more cores, each pass has several."""
_making = threading.Lock()
"""Held while cores are made: PyTorch meanwhile tells every new thread that it may use one of them alone."""


class Cores:
    """Threads, one for each core, whose operations run in themselves alone; on large machines each has several cores.

    Args:
        threads: that PyTorch may use in all.
        name: of the threads.

    Attributes:
        count: of parts that run at once.
    """

    def __init__(self, threads: int, name: str = "core") -> None:
        self.count = min(threads, _MOST_AT_ONCE)
        each = partial(_compute_with, threads // self.count)
        self._threads = ThreadPoolExecutor(self.count, name, initializer=each)
        all_run = threading.Barrier(self.count)
        list(self._threads.map(lambda _: all_run.wait(), range(self.count)))
        # What the cores' threads were told holds for all threads that come later, until something else is said here.
        torch.set_num_threads(threads)

    def run(self, parts: Sequence[Callable[[], _T]], meanwhile: Callable[[], None] | None = None) -> list[_T]:
        """Do all parts at the same time, as far as there are cores; what they return, in their order.

        Args:
            parts: each runs in the thread of a core.
            meanwhile: called in the calling thread, every millisecond until all are done.

        Raises:
            BaseException: whatever the first part that fails raises, or `meanwhile`, once all are done.
        """
        futures = [self._threads.submit(part) for part in parts]
        try:
            while meanwhile is not None and wait(futures, _LOOK_UP_SECONDS).not_done:
                meanwhile()
        finally:
            wait(futures)  # no part may run on when the caller has gone
        return [future.result() for future in futures]


def process_cores(use: str) -> Cores | None:
    """The cores of this process, as many as PyTorch has threads when they are asked for first; None for one.

    May be called from any thread, whatever number of its own that one has: models are loaded side by side.

    Args:
        use: what they are for; each has threads of its own, as one may wait half done for another.
    """
    with _making:
        return _made_once(use)


@cache
def _made_once(use: str) -> Cores | None:
    threads = _threads_of_the_process()
    return Cores(threads, use) if threads > 1 else None


def _threads_of_the_process() -> int:
    """What PyTorch tells a new thread; one that first computed while other cores were made may use one for good."""
    with ThreadPoolExecutor(1) as new:
        return new.submit(torch.get_num_threads).result()


def _compute_with(threads: int) -> None:
    torch.get_num_threads()  # gives a new thread the number of all; what is set before is lost
    torch.set_num_threads(threads)
