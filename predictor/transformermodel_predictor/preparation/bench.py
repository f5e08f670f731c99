"""The folder in which candidates are built, with the results of finished steps until the artifact is published."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import TypeAdapter

from transformermodel_predictor.artifact.directory import Artifact, open_artifact
from transformermodel_predictor.artifact.durable import write_atomically
from transformermodel_predictor.artifact.manifest import MANIFEST_FILE, read_manifest
from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.transfer.space import free_bytes, require_space

Result = TypeVar("Result")


@dataclass(frozen=True)
class Bench:
    """The working folder of one request. Steps recorded in it are finished, and are skipped after a kill."""

    folder: Path

    def place(self, candidate: Candidate) -> Path:
        """The folder of a candidate's files."""
        return self.folder / candidate.slug

    def is_built(self, candidate: Candidate) -> bool:
        """Whether a candidate is completely built: its manifest is written last."""
        return (self.place(candidate) / MANIFEST_FILE).is_file()

    def built(self, candidate: Candidate) -> Artifact:
        """A completely built candidate."""
        return open_artifact(self.place(candidate))

    def size(self, candidate: Candidate) -> int:
        """Size of a built candidate, in bytes."""
        return read_manifest((self.place(candidate) / MANIFEST_FILE).read_text(encoding="utf-8")).size

    def clear(self, candidate: Candidate) -> Path:
        """The folder for a candidate's files, cleared."""
        place = self.place(candidate)
        if place.exists():
            shutil.rmtree(place)
        return place

    def require_room(self, size: int, what: str) -> None:
        """Refuse to write more bytes than are free.

        Raises:
            PreparationFailed: InsufficientStorage, with both sizes.
        """
        require_space(size, self.folder, what, free_bytes)

    def noted(self, name: str, kind: TypeAdapter[Result]) -> Result | None:
        """The recorded result of a step; None if it is not finished."""
        file = self._file(name)
        return kind.validate_json(file.read_bytes()) if file.is_file() else None

    def note(self, name: str, kind: TypeAdapter[Result], result: Result) -> Result:
        """Record a step's result."""
        write_atomically(self._file(name), kind.dump_json(result).decode())
        return result

    def _file(self, name: str) -> Path:
        return self.folder / f"{name}.json"
