"""The thread in which a device's models run: work after work, and long work gives way to what came meanwhile."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_T = TypeVar("_T")

_TURN_SECONDS = 0.006
"""How long patient work runs before it gives way: it goes on under any load, and nobody waits much longer for it."""
_REST_SECONDS = 5.0
"""How long there is nothing to do before the thread comes to rest."""


class ShutDown(Exception):
    """The thread takes no more work, because whoever owns it ends; what waits is not done either."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the thread {name} has been shut down")


@dataclass(frozen=True)
class _Work:
    """A piece of work; patient work gives way to other, and is never what it gives way to."""

    run: Callable[[], Any]
    future: Future[Any]
    patient: bool = False


class DeviceThread(Executor):
    """An executor with one thread, which begins with the first work.

    Args:
        name: of the thread.
        rest: called in the thread each time that it has had nothing to do for some seconds.

    Attributes:
        seconds_given: how long patient work has given way to other, in all.
    """

    def __init__(self, name: str, rest: Callable[[], object] | None = None) -> None:
        self._name = name
        self._rest = rest
        self._waiting: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._over = False
        self._turn_ends: float | None = None
        """Until when the patient work that runs need not give way; None while none runs."""
        self.seconds_given = 0.0

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Do it when what came before is done, or has given way.

        Raises:
            ShutDown: the thread has been shut down.
        """
        future: Future[_T] = Future()
        self._put(_Work(lambda: fn(*args, **kwargs), future))
        return future

    def submit_patient(self, work: Callable[[], object]) -> None:
        """Do it when what came before is done. It calls `give_way` as often as it can, in this thread.

        Raises:
            ShutDown: the thread has been shut down.
        """
        self._put(_Work(work, Future(), patient=True))

    def give_way(self) -> None:
        """Do what waits that is not patient, once patient work has had its turn; in other threads nothing."""
        if self._turn_ends is None or threading.current_thread() is not self._thread:
            return
        began = time.monotonic()
        if began < self._turn_ends:
            return
        self._turn_ends = None  # what runs now is not patient, and has nobody to give way to
        try:
            for _ in range(self._waiting.qsize()):
                work = self._waiting.get_nowait()
                if work is None or work.patient:
                    self._waiting.put(work)
                else:
                    _do(work)
        except Empty:
            pass  # the thread has been shut down meanwhile
        finally:
            ended = time.monotonic()
            self.seconds_given += ended - began
            self._turn_ends = ended + _TURN_SECONDS

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work. What waits is still done, unless its futures are cancelled."""
        with self._lock:
            self._over = True
            if cancel_futures:
                self._cancel_waiting()
            self._waiting.put(None)
            thread = self._thread
        if wait and thread is not None:
            thread.join()

    def _put(self, work: _Work) -> None:
        with self._lock:
            if self._over:
                raise ShutDown(self._name)
            self._waiting.put(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()

    def _cancel_waiting(self) -> None:
        with suppress(Empty):
            while True:
                if (work := self._waiting.get_nowait()) is not None:
                    work.future.cancel()

    def _work(self) -> None:
        while (work := self._next()) is not None:
            self._turn_ends = time.monotonic() + _TURN_SECONDS if work.patient else None
            _do(work)
            self._turn_ends = None
            del work  # what it held is free before the next comes

    def _next(self) -> _Work | None:
        """What is to be done next; meanwhile the thread may come to rest."""
        if self._rest is not None:
            try:
                return self._waiting.get(timeout=_REST_SECONDS)
            except Empty:
                self._rest()
        return self._waiting.get()


def _do(work: _Work) -> None:
    if not work.future.set_running_or_notify_cancel():
        return
    try:
        result = work.run()
    except BaseException as error:  # noqa: BLE001 - whoever waits for the future is told
        work.future.set_exception(error)
    else:
        work.future.set_result(result)
