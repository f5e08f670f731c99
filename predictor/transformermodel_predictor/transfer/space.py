"""Checks free disk space before a download."""

import shutil
from collections.abc import Callable
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason


def free_bytes(folder: Path) -> int:
    """Free bytes on the file system of a folder, which need not exist yet."""
    place = next(place for place in (folder, *folder.parents) if place.exists())
    return shutil.disk_usage(place).free


def require_space(needed: int, folder: Path, origin: str, free: Callable[[Path], int] = free_bytes) -> None:
    """Refuse a download that does not fit on the disk.

    Raises:
        PreparationFailed: InsufficientStorage, with both sizes.
    """
    there = free(folder)
    if needed > there:
        raise PreparationFailed(
            FailureReason.InsufficientStorage,
            f"{origin} needs {needed / 1e6:,.1f} MB, and {folder} has room for {there / 1e6:,.1f} MB.",
        )
