"""SIGTERM before a server listens for it: it ends the process as an exception, and is remembered beyond that.

An exception can come to nothing: what is raised while a library is imported, or in a callback, some libraries catch and
pass over. The process would go on, and never hear of it again.
"""

import signal
import sys
from types import FrameType
from typing import NoReturn

from transformermodel_cli.exit_status import TERMINATED


class Termination:
    """Whether this process was told to end.

    Attributes:
        told: whether it was.
    """

    def __init__(self) -> None:
        self.told = False

    def hear(self) -> None:
        """End the process at SIGTERM from now on."""
        signal.signal(signal.SIGTERM, self.leave)

    def leave(self, _: int, __: FrameType | None) -> NoReturn:
        """End it, as far as what runs at this moment lets an exception through."""
        self.told = True
        sys.exit(TERMINATED)


TERMINATION = Termination()
"""Of this process, which has one handler of each signal."""
