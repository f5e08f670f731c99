"""Durable files: on the disk before anything refers to them, and never half-written."""

import os
from pathlib import Path

BESIDE = "~"
"""Separator of auxiliary files' suffixes, as in `sentiment~lock`; model names cannot contain it."""


def flush(path: Path) -> None:
    """Flush a file's content, or a folder's entries, to the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that readers see either the old or the new content, even after a crash.

    The temporary file has a fixed name, so the next writer replaces what a killed one left. A writer that fails, for
    example on a full disk, leaves nothing.
    """
    temporary = path.with_name(f"{path.name}{BESIDE}new")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    flush(path.parent)
