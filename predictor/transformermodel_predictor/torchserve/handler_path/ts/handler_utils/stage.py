"""A handler's step that several threads run concurrently."""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

_Work = tuple[Callable[[], Any], "Future[Any]"]


class Stage:
    """A pool of threads that do not keep the process from exiting.

    Args:
        name: the threads' name.
        threads: how many threads to start.
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
        """Run a call in one of the threads; the future gets its result or exception."""
        future: Future[Any] = Future()
        self._waiting.put((call, future))
        return future

    def stop(self) -> None:
        """Stop the threads once they have finished everything submitted so far."""
        for _ in self._threads:
            self._waiting.put(None)


def _work(waiting: "queue.SimpleQueue[_Work | None]") -> None:
    while (work := waiting.get()) is not None:
        call, future = work
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 - for the caller that waits for the future
            future.set_exception(error)
