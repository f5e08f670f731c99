"""A copy of an unpacked archive in which its handler may write: what it was copied from is to stay as it is."""

import shutil
from pathlib import Path

_LINKED_FROM = 16 << 20
"""Bytes from which on a file is linked instead of copied: weights are large, and nobody writes to them."""


def working_copy(root: Path, folder: Path) -> Path:
    """Copy an unpacked archive into a new folder.

    Args:
        root: the archive, whose files may be read-only.
        folder: the copy, which is not there yet.

    Returns:
        The copy. Files of 16 MiB and more are symbolic links into the archive.
    """
    folder.mkdir(parents=True)
    for source in sorted(root.rglob("*")):
        target = folder / source.relative_to(root)
        if source.is_dir():
            target.mkdir(exist_ok=True)
        elif source.stat().st_size < _LINKED_FROM:
            shutil.copyfile(source, target)
        else:
            target.symlink_to(source.resolve())
    return folder
