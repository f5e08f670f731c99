"""SIGTERM before a server listens for it: raises an exception that ends the process, and remembers the signal.

The exception alone is not reliable: some libraries swallow what is raised during their import or in a callback. The
process would go on, and never see the signal again.
"""

import signal
import sys
from types import FrameType
from typing import NoReturn

from transformermodel_cli.exit_status import TERMINATED


class Termination:
    """Whether this process has received SIGTERM.

    Attributes:
        told: whether it has.
    """

    def __init__(self) -> None:
        self.told = False

    def hear(self) -> None:
        """From now on, end the process at SIGTERM."""
        signal.signal(signal.SIGTERM, self.leave)

    def leave(self, _: int, __: FrameType | None) -> NoReturn:
        """Handle the signal: ends the process, unless the running code swallows the exception."""
        self.told = True
        sys.exit(TERMINATED)


TERMINATION = Termination()
"""The process's instance: a process has one handler per signal."""
