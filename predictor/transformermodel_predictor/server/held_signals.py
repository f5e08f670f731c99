"""SIGTERM and SIGINT that come while the event loop is made: they wait until it hears them."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_HELD = frozenset({signal.SIGTERM, signal.SIGINT})


@contextmanager
def held_signals() -> Iterator[Callable[[], None]]:
    """Hold signals to this process back until the yielded function is called, or the block is left.

    As an exception in the middle of uvloop's own code one would come to nothing, or leave a loop that neither runs on
    nor can be closed. Nothing is held back but in the main thread, which alone hears signals; a thread or a process
    that is started meanwhile inherits that it hears none.
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
