"""Remembers which files this process has verified, so that their bytes are hashed only once.

A file is identified by its stat result, which every write, replacement or change of mode changes. Its path does not
matter, so that an artifact stays verified when publishing renames its folder.
"""

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from transformermodel_predictor.checksums import FileEntry, sha256_of

_THREADS = 4  # hashing releases the interpreter; more threads only wait for the disk

_Known = tuple[str, int, int, int, int, int]

_verified: set[_Known] = set()


def remember(root: Path, entries: Iterable[FileEntry]) -> None:
    """Mark the files below a folder as verified, after hashing them elsewhere."""
    _verified.update(_known(root / entry.path, entry) for entry in entries)


def differing(root: Path, entries: Iterable[FileEntry]) -> list[FileEntry]:
    """The entries whose files have another SHA-256, in order; files verified before are not read again.

    Raises:
        OSError: a file cannot be read.
    """
    seen = {entry: _known(root / entry.path, entry) for entry in entries}  # before: whoever writes meanwhile shows
    unknown = [entry for entry, known in seen.items() if known not in _verified]
    with ThreadPoolExecutor(_THREADS, thread_name_prefix="verify") as pool:
        sums = pool.map(lambda entry: sha256_of(root / entry.path), unknown)
        wrong = [entry for entry, found in zip(unknown, sums, strict=True) if found != entry.sha256]
    _verified.update(seen[entry] for entry in set(unknown).difference(wrong))
    return wrong


def _known(path: Path, entry: FileEntry) -> _Known:
    seen = os.stat(path)
    return entry.sha256, seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns
