"""A source that is a single file: an archive, which is unpacked, or the weights themselves."""

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
"""Names that end so are those of files where nobody can be asked whether they are folders."""

_CHUNK = 1 << 20


class SourceFile(Protocol):
    """A file somewhere. Both methods raise `PreparationFailed` with the class of what went wrong."""

    uri: str

    def resolve(self) -> Resolved:
        """Pin the file."""
        ...

    def listing(self) -> Listing:
        """The file alone: what is in an archive shows when it is unpacked."""
        ...

    def fetch(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Have the pinned file in a folder of its own, which outlives an attempt that ends early."""
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
        """The file; what is in an archive shows when it is unpacked."""
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
        find: the file's path, or the failure that it is not there.
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
        """Copy the file, so that what is unpacked is what was resolved."""
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
    """Whether a path is that of a file that is a whole source: an archive, the weights, or samples."""
    return path.lower().endswith(_SUFFIXES)


def existing_file(file: Path, uri: str) -> Path:
    """A file that has to be there.

    Raises:
        PreparationFailed: NotFound.
    """
    if not file.is_file():
        raise PreparationFailed(FailureReason.NotFound, f"{uri}: {file} is not there.")
    return file


def unpacked(archive: Path, folder: Path, origin: str, selection: Selection) -> Path:
    """Unpack an archive into a folder beside others, and find in it what is wanted; one that is wanted whole stays so.

    Raises:
        PreparationFailed: as `unpack`, and what the selection does not find.
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
    """The folder of an unpacked archive in which the checkpoint lies: many have one folder around everything.

    What TorchServe's script left beside the checkpoint is put to it.
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
