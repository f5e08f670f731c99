"""Files that survive a crash: on the disk before anything refers to them, and never half-written."""

import os
from pathlib import Path

BESIDE = "~"
"""Between a file's name and what it is of another file, such as `sentiment~lock`: no model has it in its name."""


def flush(path: Path) -> None:
    """Have a file's content, or a folder's names, on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, text: str) -> None:
    """Write a file so that readers see the old content or the new one, even after a crash.

    The temporary name is fixed per file, so a writer that is killed leaves nothing that the next one does not replace.
    One that fails, such as on a full disk, leaves nothing at all.
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
