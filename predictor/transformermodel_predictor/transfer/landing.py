"""A partially downloaded file, which arrives in segments in any order and survives a killed process.

`NAME.part` has the final size from the start, with holes for missing bytes; `NAME.part.segments` beside it has one
64-bit number per segment: how many of its bytes are present. Both are written through the kernel's cache, so after a
kill they are as of the last write, and no byte is fetched twice. Neither is memory-mapped: on a full disk, or if a file
is truncated, touching its pages would crash the process.
"""

import hashlib
import os
import struct
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason

SEGMENT_BYTES = 16 << 20
"""Long enough to make a request's round trip negligible, short enough that many are fetched in parallel."""

_HASHED_AT_ONCE = 1 << 20
_ENTRY = struct.Struct("=Q")
"""A segment's number of bytes, in the machine's order."""


@dataclass(frozen=True)
class RemoteFile:
    """A remote file in a fixed state.

    Attributes:
        name: of the file in the folder.
        url: of the remote file.
        size: in bytes.
        sha256: of its content, if known.
        git_blob: git's id of its content, if known; small files on a hub have no SHA-256.
        validator: header and value that every response must have, if the file may change while it is read.
    """

    name: str
    url: str
    size: int
    sha256: str | None = None
    git_blob: str | None = None
    validator: tuple[str, str] | None = None


@dataclass(frozen=True)
class Segment:
    """A segment of a file: its index, its first byte and the byte after its last."""

    number: int
    start: int
    stop: int


class _Hash(Protocol):
    def update(self, data: bytes | memoryview, /) -> None: ...
    def hexdigest(self) -> str: ...


class Landing:
    """A file being downloaded. Each segment is written by one thread; any of the threads hashes.

    The contiguous bytes from the start are hashed while they are still in the kernel's cache, without reading the disk
    again.
    """

    def __init__(self, file: RemoteFile, folder: Path) -> None:
        self.file = file
        self.segments = _segments(file.size)
        self._target = folder / file.name
        self._part = folder / f"{file.name}.part"
        self._record = folder / f"{file.name}.part.segments"
        with self._names_the_file():
            self._descriptor, self._record_descriptor, self._there = self._open()
        self._hash, self._hashed = _hash_for(file), 0
        self._hashing = threading.Lock()
        self._ending = threading.Lock()
        self._ended = False

    @property
    def received(self) -> int:
        """Number of bytes present."""
        return sum(self._there)

    def position(self, segment: Segment) -> int:
        """The first missing byte of a segment; its `stop` if it is complete."""
        return segment.start + self._there[segment.number]

    def write(self, segment: Segment, data: bytes | memoryview) -> None:
        """Add the next bytes of a segment.

        Raises:
            OSError: it cannot be written, such as to a full disk; it names the file.
            PreparationFailed: ChecksumMismatch, another process has cut the file.
        """
        with self._names_the_file():
            while data:  # a write may take less than it is given
                written = os.pwrite(self._descriptor, data, self.position(segment))
                self._note(segment, self._there[segment.number] + written)
                data = data[written:]
        if self._hashing.acquire(blocking=False):
            try:
                self._hash_at_least(_HASHED_AT_ONCE)
            finally:
                self._hashing.release()

    def finish_if_whole(self) -> None:
        """Once the file is complete, verify it and rename it to its final name. Only the first call does.

        Raises:
            PreparationFailed: ChecksumMismatch; the file is deleted. Also if another process truncated it.
        """
        with self._ending:
            if self._ended or self.received < self.file.size:
                return
            self._ended = True
            with self._hashing:
                self._hash_at_least(1)
            if self._hash is not None and self._hash.hexdigest() != (self.file.sha256 or self.file.git_blob):
                self._part.unlink()
                self._record.unlink()
                raise damaged(self.file.name)
            if os.fstat(self._descriptor).st_size != self.file.size:
                raise self._cut()
            self._part.replace(self._target)
            self._record.unlink()

    def close(self) -> None:
        """Close the files; the bytes present are kept for another attempt."""
        os.close(self._record_descriptor)
        os.close(self._descriptor)

    def _open(self) -> tuple[int, int, list[int]]:
        """Open the file and its record; returns also the number of bytes present in each segment."""
        length = _ENTRY.size * len(self.segments)
        goes_on = _size(self._part) == self.file.size and _size(self._record) == length
        with ExitStack() as opened:
            record = os.open(self._record, os.O_RDWR | os.O_CREAT | (0 if goes_on else os.O_TRUNC), 0o644)
            opened.callback(os.close, record)
            os.ftruncate(record, length)
            descriptor = os.open(self._part, os.O_RDWR | os.O_CREAT, 0o644)
            opened.callback(os.close, descriptor)
            os.ftruncate(descriptor, self.file.size)
            there = [count for (count,) in _ENTRY.iter_unpack(os.pread(record, length, 0))]
            opened.pop_all()
        return descriptor, record, there

    def _note(self, segment: Segment, count: int) -> None:
        """Record the number of bytes present in a segment, after writing them: it never counts missing bytes."""
        os.pwrite(self._record_descriptor, _ENTRY.pack(count), _ENTRY.size * segment.number)
        self._there[segment.number] = count

    def _hash_at_least(self, least: int) -> None:
        """Hash the contiguous bytes that follow, if they are at least this many. The caller holds the lock."""
        while self._hash is not None and (end := self._end_of_the_beginning()) - self._hashed >= least:
            data = os.pread(self._descriptor, min(_HASHED_AT_ONCE, end - self._hashed), self._hashed)
            if not data:
                raise self._cut()
            self._hash.update(data)
            self._hashed += len(data)

    def _cut(self) -> PreparationFailed:
        return PreparationFailed(
            FailureReason.ChecksumMismatch,
            f"another process has cut {self._part} while it was downloaded: end that process.",
        )

    @contextmanager
    def _names_the_file(self) -> Iterator[None]:
        """Add the file's name to OS errors: those on open files have none."""
        try:
            yield
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._part)) from error

    def _end_of_the_beginning(self) -> int:
        """The first missing byte after the hashed ones."""
        number = min(self._hashed // SEGMENT_BYTES, len(self.segments) - 1)
        while self.position(self.segments[number]) == self.segments[number].stop and number + 1 < len(self.segments):
            number += 1
        return self.position(self.segments[number])


def is_whole(path: Path, file: RemoteFile) -> bool:
    """Whether a file is present with the expected size and, if known, hash."""
    if not path.is_file() or _size(path) != file.size:
        return False
    checksum = _hash_for(file)
    if checksum is None:
        return True
    with path.open("rb") as reader:
        while chunk := reader.read(_HASHED_AT_ONCE):
            checksum.update(chunk)
    return checksum.hexdigest() == (file.sha256 or file.git_blob)


def bytes_to_come(file: RemoteFile, folder: Path) -> int:
    """Disk space in bytes that the rest of a file still needs."""
    if _size(folder / file.name) == file.size:
        return 0
    part = folder / f"{file.name}.part"
    return max(0, file.size - (part.stat().st_blocks * 512 if part.is_file() else 0))


def damaged(name: str) -> PreparationFailed:
    """The failure for bytes that differ from the source's."""
    return PreparationFailed(
        FailureReason.ChecksumMismatch, f"{name} arrived damaged: its checksum is not the source's."
    )


def _segments(size: int) -> tuple[Segment, ...]:
    starts = range(0, max(size, 1), SEGMENT_BYTES)
    return tuple(Segment(number, start, min(start + SEGMENT_BYTES, size)) for number, start in enumerate(starts))


def _hash_for(file: RemoteFile) -> _Hash | None:
    """The hash to verify the content with; None if no expected value is known."""
    if file.sha256 is not None:
        return hashlib.sha256()
    if file.git_blob is not None:
        return hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
    return None


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else -1
