"""An executor whose threads end with their work."""

import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")


class PassingThreads(Executor):
    """Runs each piece of work in a new thread, which ends with it.

    Loading a model computes, and OpenMP keeps worker threads for every living thread that has computed. Once they
    outnumber the processors, OpenMP lets them sleep between operations instead of spinning, and a forward pass over a
    single text takes twice as long.

    Args:
        name: of the threads.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Start the work in a new thread."""
        future: Future[_T] = Future()
        threading.Thread(target=_run, args=(future, lambda: fn(*args, **kwargs)), name=self._name, daemon=True).start()
        return future


def _run(future: Future[Any], work: Callable[[], Any]) -> None:
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - whoever waits for the future is told
        future.set_exception(error)
    else:
        future.set_result(result)
