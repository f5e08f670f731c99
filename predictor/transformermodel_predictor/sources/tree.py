"""Local folders as sources: the needed files, and their common hash."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.checksums import FileEntry, describe, digest
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.selection import Selection, needed_files
from transformermodel_predictor.sources.source import Listing

DOWNLOADED = "Transformer_model"
"""The folder in which TorchServe's preparation script puts the checkpoint, beside its configuration."""

_CHUNK = 1 << 20
_CONFIGURATION = "config.json"


def source_files(folder: Path, origin: str, selection: Selection = needed_files) -> tuple[Path, ...]:
    """The selected files at the top of a folder, or in TorchServe's folder `Transformer_model` in it, sorted.

    Raises:
        PreparationFailed: NotFound, there is no such folder; UnsupportedSource, a selected file is a link out of the
            folder; or a selected file is missing.
    """
    if not folder.is_dir():
        raise PreparationFailed(FailureReason.NotFound, f"{origin}: {folder} is not a folder.")
    there = {path.name: path for place in (folder / DOWNLOADED, folder) for path in _files_in(place)}
    needed = selection(there, origin, lambda name: there[name].read_text(encoding="utf-8"))
    files = tuple(there[name] for name in needed)
    root = folder.resolve()
    for file in files:
        if not file.resolve().is_relative_to(root):
            raise PreparationFailed(
                FailureReason.UnsupportedSource,
                f"{origin}: {file.name} is a link that leaves the folder; put the file itself there.",
            )
    return files


def survey_files(files: Sequence[Path]) -> Listing:
    """The listing of local files."""
    configuration = next((file for file in files if file.name == _CONFIGURATION), None)
    return Listing(
        {file.name: file.stat().st_size for file in files},
        configuration.read_text(encoding="utf-8", errors="replace") if configuration else None,
        {file.name: file for file in files},
    )


def _files_in(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()] if folder.is_dir() else []


def tree_hash(folder: Path, files: Sequence[Path]) -> str:
    """SHA-256 over names, sizes and contents, 64 hexadecimal digits; independent of the folder's location."""
    return digest(describe(file.parent, file) for file in files)


def copy_tree(files: Sequence[Path], target: Path, progress: Progress) -> str:
    """Copy files into a folder, and return the tree hash of the copies; every byte is read once."""
    target.mkdir(parents=True, exist_ok=True)
    total = sum(file.stat().st_size for file in files)
    entries: list[FileEntry] = []
    done = 0
    for file in files:
        entries.append(_copy(file, target / file.name))
        done += entries[-1].size
        progress.bytes(done, total)
    return digest(entries)


def _copy(source: Path, target: Path) -> FileEntry:
    checksum, size = hashlib.sha256(), 0
    with source.open("rb") as reader, target.open("wb") as writer:
        while chunk := reader.read(_CHUNK):
            checksum.update(chunk)
            size += len(chunk)
            writer.write(chunk)
    return FileEntry(target.name, size, checksum.hexdigest())
