"""A step of a handler that several threads take at once."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

_Work = tuple[Callable[[], Any], "Future[Any]"]


class Stage:
    """Threads that wait for work, and do not keep the process from ending.

    Args:
        name: of the threads.
        threads: how many there are.
    """

    def __init__(self, name: str, threads: int) -> None:
        self._waiting: queue.SimpleQueue[_Work | None] = queue.SimpleQueue()
        self._threads = [
            threading.Thread(target=_work, args=(self._waiting,), name=f"{name}-{number}", daemon=True)
            for number in range(threads)
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, call: Callable[[], Any]) -> "Future[Any]":
        """Have a thread call something; what it returns or raises is the future's."""
        future: Future[Any] = Future()
        self._waiting.put((call, future))
        return future

    def stop(self) -> None:
        """End the threads, when they have done what was submitted before."""
        for _ in self._threads:
            self._waiting.put(None)


def _work(waiting: "queue.SimpleQueue[_Work | None]") -> None:
    while (work := waiting.get()) is not None:
        call, future = work
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - it is whoever waits for the future who has to know
            future.set_exception(error)
