"""Ends the process without waiting for anything once its command has ended."""

import atexit
import logging
import os
import signal
import sys
from typing import NoReturn

from transformermodel_cli.exit_status import UNREAD


def end_process(status: int) -> NoReturn:
    """End the process: runs registered exit functions, but does not finalize Python.

    Threads may still be computing results that nobody needs: an engine's step cannot be interrupted. Python would
    wait for some of them, however long that takes, and stop others in the middle of C++ code, which aborts the process.
    Tearing down PyTorch would also take seconds.
    """
    for sent in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sent, signal.SIG_IGN)  # it is ending anyway
    atexit._run_exitfuncs()  # as Python does at exit, but without the rest of its finalization
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:  # its reader is gone
            status = status or UNREAD
        except OSError:
            status = status or 1
    os._exit(status)
