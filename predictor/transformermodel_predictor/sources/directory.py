"""file://: a folder on this machine, or on a volume that the Job mounts."""

import shutil
from pathlib import Path

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.permission import permitted
from transformermodel_predictor.sources.selection import Selection, needed_files
from transformermodel_predictor.sources.source import Listing, Resolved
from transformermodel_predictor.sources.tree import copy_tree, source_files, survey_files, tree_hash


class DirectorySource:
    """A folder that may change at any time, and so is identified by its content, and copied. Implements `Source`."""

    def __init__(self, folder: Path, uri: str, selection: Selection = needed_files) -> None:
        self._folder = folder
        self._uri = uri
        self._selection = selection

    def resolve(self) -> Resolved:
        """Hash the files."""
        with permitted(self._folder, self._uri):
            checksum = tree_hash(self._folder, self._files())
        return Resolved(identity=f"tree@{checksum}", commit=checksum)

    def survey(self, resolved: Resolved, folder: Path) -> Listing:
        """The needed files."""
        with permitted(self._folder, self._uri):
            return survey_files(self._files())

    def acquire(self, resolved: Resolved, folder: Path, progress: Progress) -> Path:
        """Copy the files, so that exactly what was resolved is prepared."""
        with permitted(self._folder, self._uri):
            checksum = copy_tree(self._files(), folder, progress)
        if checksum != resolved.commit:
            shutil.rmtree(folder)
            raise PreparationFailed(
                FailureReason.ChecksumMismatch, f"{self._uri} was changed while it was read: start again."
            )
        return folder

    def _files(self) -> tuple[Path, ...]:
        return source_files(self._folder, self._uri, self._selection)
