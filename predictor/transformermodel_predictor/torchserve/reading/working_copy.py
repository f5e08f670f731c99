"""Copies an unpacked archive, so that its handler can write to the copy and the original stays unchanged."""

import shutil
from pathlib import Path

_LINKED_FROM = 16 << 20
"""Size in bytes from which on a file is linked instead of copied: weights are large, and never written to."""


def working_copy(root: Path, folder: Path) -> Path:
    """Copy an unpacked archive into a new folder.

    Args:
        root: the archive, whose files may be read-only.
        folder: the folder to create for the copy.

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
