"""Ctrl-C: ends the process at once while modules are imported, and raises an exception afterwards.

Before a command runs there is nothing to clean up, and some libraries would catch an exception during their import, or
it would show a traceback into them.
"""

import os
import signal

from transformermodel_cli.exit_status import INTERRUPTED


def end_at_once() -> None:
    """From now on Ctrl-C ends the process, unless the parent had it ignored, as shells do for background jobs."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _end)


def raise_again() -> None:
    """From now on Ctrl-C raises KeyboardInterrupt, as usual in Python."""
    if signal.getsignal(signal.SIGINT) is _end:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def _end(_: int, __: object) -> None:
    os._exit(INTERRUPTED)
