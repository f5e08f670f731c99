"""The standard streams, which are there whatever the process was started with."""

import os
import sys

_STREAMS = 3
"""Input, output, errors."""


def open_closed_streams() -> None:
    """Open nothing in the place of standard streams that are closed, as after `2>&-`.

    Python has None for them. A file or a connection would be given their number, and what libraries write to standard
    error would land in it.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) < _STREAMS:
        os.set_inheritable(opened, True)
    os.close(opened)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
