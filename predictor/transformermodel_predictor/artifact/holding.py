"""An artifact that is in use stays: the collector asks before it removes one.

Whoever serves an artifact from a folder holds a shared lock of its manifest; the kernel frees it when the process ends.
It works on volumes that are mounted read-only, too.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from transformermodel_predictor.artifact.manifest import MANIFEST_FILE


@contextmanager
def held(artifact: Path) -> Iterator[None]:
    """Hold an artifact's folder: nobody removes it meanwhile. What is no artifact is told by whoever opens it."""
    with ExitStack() as stack:
        with suppress(FileNotFoundError, NotADirectoryError):
            stack.enter_context(_locked(artifact, fcntl.LOCK_SH))
        yield


@contextmanager
def held_alone(artifact: Path) -> Iterator[None]:
    """Hold an artifact's folder that nobody else holds.

    Raises:
        BlockingIOError: somebody does.
        FileNotFoundError: it is no artifact, or none any more.
    """
    with _locked(artifact, fcntl.LOCK_EX | fcntl.LOCK_NB):
        yield


@contextmanager
def _locked(artifact: Path, operation: int) -> Iterator[None]:
    descriptor = os.open(artifact / MANIFEST_FILE, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, operation)
        yield
    finally:
        os.close(descriptor)
