"""Sizes and SHA-256 of the files in a folder, and the one that stands for all of them."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class FileEntry:
    """One content file: its path in the folder with `/` between the parts, its size in bytes and its SHA-256."""

    path: str
    size: int
    sha256: str


def digest(files: Iterable[FileEntry]) -> str:
    """Identity of a folder's content, 64 lower-case hexadecimal digits.

    SHA-256 over one line `<sha256> <size> <path>` per file, sorted by path, so that neither the order of writing nor
    the folder's place plays a part.
    """
    lines = (f"{entry.sha256} {entry.size} {entry.path}\n" for entry in sorted(files))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


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
