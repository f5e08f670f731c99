"""Makes sure that the standard streams exist, however the process was started."""

import os
import sys

_STREAMS = 3
"""Standard input, output and error."""


def open_closed_streams() -> None:
    """Open /dev/null in place of closed standard streams, as after `2>&-`.

    Python sets them to None. The next file or connection would get their descriptor, and what libraries write to
    standard error would end up in it.
    """
    while (opened := os.open(os.devnull, os.O_RDWR)) < _STREAMS:
        os.set_inheritable(opened, True)
    os.close(opened)
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115 - open for the life of the process
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
