"""The thread in which a device's models run. Long (patient) work gives way to short work that arrives meanwhile."""

import logging
import threading
import time
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import suppress
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import ParamSpec, TypeVar

_log = logging.getLogger(__name__)

_P = ParamSpec("_P")
_T = TypeVar("_T")

_TURN_SECONDS = 0.006
"""How long patient work runs before it gives way: it progresses under any load, and delays short work by little."""
_IDLE_SECONDS = 5.0
"""How long the thread must have been without work before `on_idle` is called."""


class ShutDown(Exception):
    """The thread has been shut down: it takes no more work, and work that was waiting is not done."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the thread {name} has been shut down")


@dataclass(frozen=True)
class _Work:
    """A piece of work.

    Attributes:
        run: does the work; never raises.
        drop: called in place of `run` when the thread is shut down before the work has begun.
        patient: whether the work gives way to other work, though not to other patient work.
    """

    run: Callable[[], object]
    drop: Callable[[], object]
    patient: bool = False


class DeviceThread(Executor):
    """An executor with one thread, which starts with the first work submitted.

    Args:
        name: the thread's name.
        on_idle: called in the thread each time that it has been idle for some seconds.

    Attributes:
        seconds_given: total seconds for which patient work has given way to other work.
    """

    def __init__(self, name: str, on_idle: Callable[[], object] | None = None) -> None:
        self._name = name
        self._on_idle = on_idle
        self._waiting: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._is_shut_down = False
        self._turn_ends: float | None = None
        """Until when the patient work that is running need not give way; None while none is running."""
        self.seconds_given = 0.0

    def submit(self, fn: Callable[_P, _T], /, *args: _P.args, **kwargs: _P.kwargs) -> Future[_T]:
        """Run a function once the work submitted before it is done or has given way.

        Raises:
            ShutDown: the thread has been shut down.
        """
        future: Future[_T] = Future()
        self._put(_Work(lambda: _fulfil(future, lambda: fn(*args, **kwargs)), future.cancel))
        return future

    def post(self, work: Callable[[], object], drop: Callable[[], object]) -> None:
        """Like `submit`, for work whose result nobody waits for: a future takes longer than a short task may.

        Args:
            work: if it raises, the error is logged.
            drop: called instead if the thread is shut down, with `cancel_futures`, before the work has begun.

        Raises:
            ShutDown: the thread has been shut down.
        """
        self._put(_Work(lambda: _run(work), drop))

    def submit_patient(self, work: Callable[[], object]) -> None:
        """Run patient work once the work submitted before it is done. It must call `give_way` often, in this thread.

        Args:
            work: if it raises, the error is logged.

        Raises:
            ShutDown: the thread has been shut down.
        """
        self._put(_Work(lambda: _run(work), lambda: None, patient=True))

    def give_way(self) -> None:
        """Run waiting work that is not patient, if the caller's turn is over; does nothing in other threads."""
        if self._turn_ends is None or threading.current_thread() is not self._thread:
            return
        began = time.monotonic()
        if began < self._turn_ends:
            return
        self._turn_ends = None  # the work that runs now is not patient and gives way to nothing
        try:
            for _ in range(self._waiting.qsize()):
                work = self._waiting.get_nowait()
                if work is None or work.patient:
                    self._waiting.put(work)
                else:
                    work.run()
        except Empty:
            pass  # the thread has been shut down meanwhile
        finally:
            ended = time.monotonic()
            self.seconds_given += ended - began
            self._turn_ends = ended + _TURN_SECONDS

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Take no more work. Waiting work is still done, unless `cancel_futures` is set."""
        with self._lock:
            self._is_shut_down = True
            if cancel_futures:
                self._cancel_waiting()
            self._waiting.put(None)
            thread = self._thread
        if wait and thread is not None:
            thread.join()

    def _put(self, work: _Work) -> None:
        with self._lock:
            if self._is_shut_down:
                raise ShutDown(self._name)
            self._waiting.put(work)
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()

    def _cancel_waiting(self) -> None:
        with suppress(Empty):
            while True:
                if (work := self._waiting.get_nowait()) is not None:
                    work.drop()

    def _work(self) -> None:
        while (work := self._next()) is not None:
            self._turn_ends = time.monotonic() + _TURN_SECONDS if work.patient else None
            work.run()
            self._turn_ends = None
            del work  # frees what it refers to before the thread waits for the next

    def _next(self) -> _Work | None:
        """Wait for the next work, calling `on_idle` if none comes for some seconds; None ends the thread."""
        if self._on_idle is not None:
            try:
                return self._waiting.get(timeout=_IDLE_SECONDS)
            except Empty:
                self._on_idle()
        return self._waiting.get()


def _fulfil(future: Future[_T], work: Callable[[], _T]) -> None:
    """Run work for a future, unless that was cancelled."""
    if not future.set_running_or_notify_cancel():
        return
    try:
        result = work()
    except BaseException as error:  # noqa: BLE001 - goes to whoever waits for the future
        future.set_exception(error)
    else:
        future.set_result(result)


def _run(work: Callable[[], object]) -> None:
    """Run work that nobody waits for."""
    try:
        work()
    except BaseException:  # noqa: BLE001 - the thread goes on with the work of others
        _log.exception("work in the thread %s failed", threading.current_thread().name)
