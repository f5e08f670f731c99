"""Sizes and SHA-256 of the files in a folder."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from transformermodel_predictor.artifact.manifest import FileEntry


def files_below(root: Path) -> Iterator[Path]:
    """Every entry below a folder that is not itself a folder, sorted; symbolic links are not followed."""
    for path in sorted(root.iterdir()):
        if path.is_dir() and not path.is_symlink():
            yield from files_below(path)
        else:
            yield path


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, 64 lower-case hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def describe(root: Path, path: Path) -> FileEntry:
    """The entry of one file below a folder."""
    return FileEntry(path.relative_to(root).as_posix(), path.stat().st_size, sha256_of(path))
