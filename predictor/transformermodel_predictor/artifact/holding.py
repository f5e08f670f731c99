"""Locks on artifact folders, which keep the collector from removing one that is in use.

A process that serves an artifact holds a shared lock on its manifest; the kernel releases it when the process ends. It
works on volumes that are mounted read-only, too.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from transformermodel_predictor.artifact.manifest import MANIFEST_FILE


@contextmanager
def held(artifact: Path) -> Iterator[None]:
    """Hold a shared lock on an artifact's folder, so that it is not removed. A missing artifact is no error here."""
    with ExitStack() as stack:
        with suppress(FileNotFoundError, NotADirectoryError):
            stack.enter_context(_locked(artifact, fcntl.LOCK_SH))
        yield


@contextmanager
def held_alone(artifact: Path) -> Iterator[None]:
    """Hold an exclusive lock on an artifact's folder.

    Raises:
        BlockingIOError: another process holds it.
        FileNotFoundError: it is not an artifact, or not any more.
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
