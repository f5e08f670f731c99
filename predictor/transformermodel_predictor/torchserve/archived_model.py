"""An unpacked archive with everything that is needed to run it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformermodel_predictor.torchserve.manifest import Manifest
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


@dataclass(frozen=True)
class ArchivedModel:
    """An unpacked archive, ready for its workers to be started.

    Attributes:
        name: the model's name in URLs.
        directory: the unpacked archive; the workers' working directory, first on their import path.
        manifest: the archive's manifest.
        configuration: model-config.yaml, which handlers see as `context.model_yaml_config`.
        settings: settings of the workers.
        packages: the folder with the archive's installed requirements, on the import path after the archive; None if
            it has none.
    """

    name: str
    directory: Path
    manifest: Manifest
    configuration: Mapping[str, Any] = field(default_factory=dict)
    settings: WorkerSettings = field(default_factory=WorkerSettings)
    packages: Path | None = None

    @property
    def missing_requirements(self) -> str | None:
        """The archive's requirements file, if it is not installed: a possible reason for a failed import."""
        return self.manifest.requirements_file if self.packages is None else None
