"""Unpacks untrusted archives: no path outside of the folder, bounded size, only plain files."""

import errno
import lzma
import shutil
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import IO

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason

ARCHIVE_SUFFIXES = (".mar", ".zip", ".tar.gz", ".tgz")

_CHUNK = 1 << 20
_UNWRITABLE = (errno.EEXIST, errno.EISDIR, errno.EILSEQ, errno.ENAMETOOLONG, errno.ENOTDIR)
"""Errors of a file system for names that are invalid, or conflict with each other."""

_DAMAGED = (
    zipfile.BadZipFile,
    tarfile.TarError,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)
_UNREADABLE = (None, errno.EINVAL)
"""`errno` of damaged archives: bzip2's decoder raises OSError without one; seeking before the start gives EINVAL."""

_LINK_MODE, _KIND_MASK, _PLAIN_MODES = 0o120000, 0o170000, (0, 0o100000, 0o040000)


@dataclass(frozen=True)
class Bounds:
    """Limits on the content of an archive.

    Attributes:
        members: number of files and folders.
        size: bytes of all files.
        ratio: compression ratio; weights hardly compress, zip bombs a thousandfold.
        ratio_from: bytes before the ratio counts, since small text files do compress.
    """

    members: int = 10_000
    size: int = 1 << 40
    ratio: int = 100
    ratio_from: int = 100 << 20


@dataclass(frozen=True)
class Member:
    """A file in an archive, and how to read it."""

    name: str
    is_folder: bool
    content: IO[bytes] | None


def is_archive(name: str) -> bool:
    """Whether a file's name is that of an archive."""
    return name.lower().endswith(ARCHIVE_SUFFIXES)


def unpack(archive: Path, folder: Path, origin: str, bounds: Bounds | None = None) -> None:
    """Unpack an archive into a new folder, which is removed after a failure.

    Raises:
        PreparationFailed: UnsafeArchive, with the unsafe member; UnsupportedSource, it is not an archive, or damaged.
    """
    folder.mkdir(parents=True)
    try:
        with _damage_classified(origin):
            _write(archive, folder, origin, bounds or Bounds())
    except BaseException:
        shutil.rmtree(folder)
        raise


def _write(archive: Path, folder: Path, origin: str, bounds: Bounds) -> None:
    limit = min(bounds.size, max(bounds.ratio_from, bounds.ratio * archive.stat().st_size))
    written = 0
    members = _zip_members if zipfile.is_zipfile(archive) else _tar_members
    for number, member in enumerate(members(archive, origin), start=1):
        if number > bounds.members:
            raise unsafe(origin, f"it has more than {bounds.members} members")
        target = folder / _inside(member.name, origin)
        if member.is_folder:
            target.mkdir(parents=True, exist_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.exists():
            raise unsafe(origin, f"its member {member.name!r} is there twice")
        with target.open("xb") as writer:
            while member.content is not None and (chunk := member.content.read(_CHUNK)):
                written += len(chunk)
                if written > limit:
                    raise unsafe(origin, f"with its member {member.name!r} it unfolds to more than {limit} bytes")
                writer.write(chunk)


def _zip_members(archive: Path, origin: str) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            kind = (entry.external_attr >> 16) & _KIND_MASK
            if kind not in _PLAIN_MODES:
                what = "a link" if kind == _LINK_MODE else "no plain file"
                raise unsafe(origin, f"its member {entry.filename!r} is {what}")
            if entry.is_dir():
                yield Member(entry.filename, is_folder=True, content=None)
                continue
            with opened.open(entry) as content:
                yield Member(entry.filename, is_folder=False, content=content)


def _tar_members(archive: Path, origin: str) -> Iterator[Member]:
    with tarfile.open(archive, "r|*") as opened:
        for entry in opened:
            if entry.issym() or entry.islnk():
                raise unsafe(origin, f"its member {entry.name!r} is a link")
            if not entry.isdir() and not entry.isreg():
                raise unsafe(origin, f"its member {entry.name!r} is no plain file")
            yield Member(entry.name, entry.isdir(), None if entry.isdir() else opened.extractfile(entry))


def _inside(name: str, origin: str) -> PurePosixPath:
    """The path of a member in the folder. Paths that would leave it on any system are refused."""
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts or "\0" in name or PureWindowsPath(name).drive:
        raise unsafe(origin, f"its member {name!r} leaves the folder")
    return path


@contextmanager
def _damage_classified(origin: str) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise _damaged(origin, error) from error
    except OSError as error:
        if error.errno in _UNREADABLE:
            raise _damaged(origin, error) from error
        if error.errno not in _UNWRITABLE:
            raise
        raise unsafe(origin, f"the name of a member cannot be that of a file there ({error.strerror})") from error


def _damaged(origin: str, error: Exception) -> PreparationFailed:
    return PreparationFailed(FailureReason.UnsupportedSource, f"{origin} is no archive that can be read ({error}).")


def unsafe(origin: str, why: str) -> PreparationFailed:
    """The failure for an unsafe archive."""
    return PreparationFailed(FailureReason.UnsafeArchive, f"{origin} is not unpacked: {why}.")
