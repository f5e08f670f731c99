"""Ctrl-C: while modules are imported it ends the process at once, afterwards it is an exception.

There is nothing to clean up before a command runs, and an exception in the middle of an import is one that some
libraries catch, or that shows where they were.
"""

import os
import signal

from transformermodel_cli.exit_status import INTERRUPTED


def end_at_once() -> None:
    """End the process at Ctrl-C from now on, unless who started it wants that ignored, as a shell in the background."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_again() -> None:
    """Have Ctrl-C raise KeyboardInterrupt from now on, as Python does."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_: int, __: object) -> None:
    os._exit(INTERRUPTED)
