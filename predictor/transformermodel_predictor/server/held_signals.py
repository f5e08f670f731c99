"""Blocks SIGTERM and SIGINT until the event loop has its handlers for them."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_HELD = frozenset({signal.SIGTERM, signal.SIGINT})


@contextmanager
def held_signals() -> Iterator[Callable[[], None]]:
    """Block SIGTERM and SIGINT until the yielded function is called, or the context ends.

    Without this, a signal during the creation of the event loop would raise an exception within uvloop, which is lost
    or leaves a loop that can be neither run nor closed. Outside the main thread, which alone gets signals, this does
    nothing. Threads and processes that are started meanwhile inherit the blocked signals.
    """
    if threading.current_thread() is not threading.main_thread():
        yield lambda: None
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HELD)

    def release() -> None:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    try:
        yield release
    finally:
        release()
