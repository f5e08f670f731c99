"""Sources that are single files: an archive, which is unpacked, or a file of weights."""

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.checksums import sha256_of
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.permission import permitted
from transformermodel_predictor.sources.selection import Selection, needed_files, whole_archive
from transformermodel_predictor.sources.source import Listing, Resolved
from transformermodel_predictor.sources.tree import DOWNLOADED, source_files
from transformermodel_predictor.sources.unpacking import ARCHIVE_SUFFIXES, is_archive, unpack

_DESCRIPTION = "MAR-INF"
"""Where a TorchServe archive describes itself."""

_SUFFIXES = (*ARCHIVE_SUFFIXES, ".gguf", ".jsonl")
"""Suffixes of single-file sources, for locations where files and folders cannot be told apart otherwise."""

_CHUNK = 1 << 20


class SourceFile(Protocol):
    """A file somewhere. All methods raise `PreparationFailed` with the class of failure."""

    uri: str

    def resolve(self) -> Resolved:
        """Pin the file."""
        ...

    def listing(self) -> Listing:
        """The file alone; an archive's content is unknown before it is unpacked."""
        ...

    def fetch(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Fetch the pinned file into its own folder, which is kept after an interrupted attempt."""
        ...


class FileSource:
    """A source whose uri names a file instead of a folder. Implements `Source`."""

    def __init__(self, file: SourceFile, selection: Selection = needed_files) -> None:
        self._file = file
        self._selection = selection

    def resolve(self) -> Resolved:
        """Pin the file."""
        return self._file.resolve()

    def survey(self, resolved: Resolved, folder: Path) -> Listing:
        """The file; an archive's content is unknown before it is unpacked."""
        listing = self._file.listing()
        if self._selection is whole_archive or not any(is_archive(name) for name in listing.sizes):
            self._selection(listing.sizes, self._file.uri, lambda _: "")
        return listing

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Fetch the file and, if it is an archive, unpack it beside itself."""
        file = self._file.fetch(resolved, folder / "file", progress)
        if is_archive(file.name):
            return unpacked(file, folder, self._file.uri, self._selection)
        source_files(file.parent, self._file.uri, self._selection)
        return file.parent


class LocalFile:
    """A file on this machine, identified by its content. Implements `SourceFile`.

    Args:
        find: returns the file's path, or raises NotFound.
        uri: for messages.
    """

    def __init__(self, find: Callable[[], Path], uri: str) -> None:
        self._find = find
        self.uri = uri

    def resolve(self) -> Resolved:
        """Hash the file."""
        file = self._find()
        with permitted(file, self.uri):
            checksum = sha256_of(file)
        return Resolved(identity=f"sha256@{checksum}", commit=checksum)

    def listing(self) -> Listing:
        """The file alone."""
        file = self._find()
        return Listing({file.name: file.stat().st_size}, None)

    def fetch(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Copy the file, so that exactly what was resolved is unpacked."""
        source = self._find()
        folder.mkdir(parents=True, exist_ok=True)
        target, checksum, total, done = folder / source.name, hashlib.sha256(), source.stat().st_size, 0
        with permitted(source, self.uri), source.open("rb") as reader, target.open("wb") as writer:
            while chunk := reader.read(_CHUNK):
                checksum.update(chunk)
                done += writer.write(chunk)
                progress.bytes(done, total)
        if checksum.hexdigest() != resolved.commit:
            target.unlink()
            raise PreparationFailed(
                FailureReason.ChecksumMismatch, f"{self.uri} was changed while it was read: start again."
            )
        return target


def names_a_file(path: str) -> bool:
    """Whether a path names a single-file source: an archive, weights or samples."""
    return path.lower().endswith(_SUFFIXES)


def existing_file(file: Path, uri: str) -> Path:
    """A file that must exist.

    Raises:
        PreparationFailed: NotFound.
    """
    if not file.is_file():
        raise PreparationFailed(FailureReason.NotFound, f"{uri}: {file} is not there.")
    return file


def unpacked(archive: Path, folder: Path, origin: str, selection: Selection) -> Path:
    """Unpack an archive below a folder, and return the folder with the selected files; `whole_archive` is not unpacked.

    Raises:
        PreparationFailed: as `unpack`, or a file that the selection needs is missing.
    """
    if selection is whole_archive:
        return archive.parent
    content = folder / "content"
    if content.exists():  # of an attempt that ended while it unpacked
        shutil.rmtree(content)
    unpack(archive, content, origin)
    root = checkpoint_root(content)
    source_files(root, origin, selection)
    return root


def checkpoint_root(folder: Path) -> Path:
    """The checkpoint's folder in an unpacked archive: many archives have one folder around everything.

    Files that TorchServe's script left beside the checkpoint are moved to it.
    """
    entries = [entry for entry in folder.iterdir() if entry.name != _DESCRIPTION]
    if len(entries) == 1 and entries[0].is_dir():
        return checkpoint_root(entries[0])
    inner = folder / DOWNLOADED
    if not inner.is_dir():
        return folder
    for entry in entries:
        if entry.is_file() and not (inner / entry.name).exists():
            entry.rename(inner / entry.name)
    return inner
