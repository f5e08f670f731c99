"""What takes long to make and is the same for all: made by the first test that asks, in whichever process it runs."""

import fcntl
import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import pytest

T = TypeVar("T")


def made_once(folders: pytest.TempPathFactory, name: str, make: Callable[[Path], T], find: Callable[[Path], T]) -> T:
    """Have something in a folder that all processes of this run share; whoever asks meanwhile waits.

    Args:
        folders: pytest's.
        name: of the thing, as a file may be called.
        make: makes it below a new folder.
        find: reads what `make` has made below that folder.
    """
    base = folders.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base  # each process has a folder of its own there
    with (shared / f"{name}.lock").open("a+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lock.seek(0)
        if made := lock.read():
            return find(Path(made))
        folder = folders.mktemp("shared")  # a new one for each attempt: one that failed leaves nothing in the way
        result = make(folder)
        lock.write(str(folder))
        return result
