"""The end of the process: once its command has ended, nothing is waited for."""

import atexit
import logging
import os
import signal
import sys
from typing import NoReturn

from transformermodel_cli.exit_status import UNREAD


def end_process(status: int) -> NoReturn:
    """End the process, with what libraries have registered for its end, but without taking Python down.

    Threads may still compute what nobody waits for any more: a step of an engine cannot be interrupted. Python would
    wait for some of them, however long that takes, and stop others in the middle of C++ code, which aborts the process.
    To take PyTorch down costs seconds besides.
    """
    for sent in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sent, signal.SIG_IGN)  # it ends already
    atexit._run_exitfuncs()  # as Python itself does, which otherwise takes everything down besides
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except BrokenPipeError:  # whoever read it has gone
            status = status or UNREAD
        except OSError:
            status = status or 1
    os._exit(status)
