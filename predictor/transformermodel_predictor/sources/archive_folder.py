"""The source of an unpacked archive on this machine: all its files, including those in subfolders."""

import shutil
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.checksums import describe, digest
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.permission import permitted
from transformermodel_predictor.sources.source import Listing, Resolved

_BYTECODE = "__pycache__"


class ArchiveFolder:
    """A folder that may change at any time, and so is identified by its content, and copied. Implements `Source`.

    Args:
        folder: the unpacked archive.
        uri: for messages.
    """

    def __init__(self, folder: Path, uri: str) -> None:
        self._folder = folder
        self._uri = uri

    def resolve(self) -> Resolved:
        """Hash the files."""
        with permitted(self._folder, self._uri):
            checksum = _hash(self._folder, self._files(self._folder))
        return Resolved(identity=f"tree@{checksum}", commit=checksum)

    def survey(self, resolved: Resolved, folder: Path) -> Listing:
        """All files."""
        files = self._files(self._folder)
        return Listing({path.relative_to(self._folder).as_posix(): path.stat().st_size for path in files}, None)

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Copy the files, so that exactly what was resolved is prepared."""
        with permitted(self._folder, self._uri):
            self._copy(folder, progress)
        if _hash(folder, self._files(folder)) != resolved.commit:
            shutil.rmtree(folder)
            raise PreparationFailed(
                FailureReason.ChecksumMismatch, f"{self._uri} was changed while it was read: start again."
            )
        return folder

    def _copy(self, folder: Path, progress: Progress) -> None:
        files = self._files(self._folder)
        total, done = sum(file.stat().st_size for file in files), 0
        for file in files:
            target = folder / file.relative_to(self._folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, target)
            done += target.stat().st_size
            progress.bytes(done, total)

    def _files(self, folder: Path) -> list[Path]:
        paths = (path for path in folder.rglob("*") if _BYTECODE not in path.relative_to(folder).parts)
        files = sorted(path for path in paths if not path.is_dir())
        for file in files:
            if not file.is_file() or not file.resolve().is_relative_to(folder.resolve()):
                raise PreparationFailed(
                    FailureReason.UnsupportedSource,
                    f"{self._uri}: {file.name} is a link that leaves the folder; put the file itself there.",
                )
        return files


def _hash(folder: Path, files: list[Path]) -> str:
    return digest(describe(folder, file) for file in files)
