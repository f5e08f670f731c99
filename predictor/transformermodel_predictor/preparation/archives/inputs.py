"""The inputs of an archive's preparation."""

import sys
from dataclasses import dataclass
from pathlib import Path
from platform import machine, python_implementation

from transformermodel_api.contract import PreparationRequest
from transformermodel_api.identity import fingerprint
from transformermodel_api.source import Requirements
from transformermodel_predictor.progress import Progress
from transformermodel_predictor.sources.archive_folder import ArchiveFolder
from transformermodel_predictor.sources.catalogue import source_for
from transformermodel_predictor.sources.permission import permitted
from transformermodel_predictor.sources.selection import whole_archive
from transformermodel_predictor.sources.source import Resolved, Source
from transformermodel_predictor.sources.tree import source_files
from transformermodel_predictor.torchserve.reading.root import is_unpacked_archive

PIPELINE_VERSION = 2
"""Incremented whenever the same archive would give another artifact."""

_LOCAL = "file://"


@dataclass(frozen=True)
class ArchiveInputs:
    """An archive pinned to what will be read.

    Attributes:
        origin: its uri without secrets.
        source: where it is.
        resolved: the state of it.
    """

    origin: str
    source: Source
    resolved: Resolved

    @property
    def key(self) -> str:
        """Identity of the archive alone, 64 hexadecimal digits."""
        return fingerprint({"source": self.resolved.identity, "task": "Custom"})

    def key_for(self, request: PreparationRequest) -> str:
        """Identity of all that decides the artifact and whether it may be served, 64 hexadecimal digits.

        Installed requirements depend on the Python that they are for; what indexes offer is as it was the first time.
        """
        installed = request.source.requirements is Requirements.Installed
        python = {"python": [python_implementation(), list(sys.version_info[:2]), sys.platform, machine()]}
        return fingerprint(
            {
                "pipeline": PIPELINE_VERSION,
                "source": self.resolved.identity,
                "requirements": request.source.requirements.value,
                "request": {name: value for name, value in request.document().items() if name != "source"},
                **(python if installed else {}),
            }
        )

    def acquire(self, folder: Path, progress: Progress) -> Path:
        """The archive on this machine: a file, or a folder where it is unpacked already."""
        place = self.source.acquire(self.resolved, folder / "archive", progress)
        if isinstance(self.source, ArchiveFolder):
            return place
        (file,) = source_files(place, self.origin, whole_archive)
        return file


def resolve_archive(request: PreparationRequest, base: Path) -> ArchiveInputs:
    """Pin the archive that a request names.

    Raises:
        PreparationFailed: with the class of what went wrong.
    """
    source = _source(request, base)
    return ArchiveInputs(request.source.origin, source, source.resolve())


def _source(request: PreparationRequest, base: Path) -> Source:
    uri = request.source.uri
    if uri.startswith(_LOCAL):
        folder = base / uri.removeprefix(_LOCAL)
        with permitted(folder, request.source.origin):
            unpacked = is_unpacked_archive(folder)
        if unpacked:
            return ArchiveFolder(folder, request.source.origin)
    return source_for(uri, request.source.revision, base, whole_archive)
