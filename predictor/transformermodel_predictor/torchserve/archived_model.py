"""An unpacked archive with all that is known of how to run it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from transformermodel_predictor.torchserve.manifest import Manifest
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


@dataclass(frozen=True)
class ArchivedModel:
    """What workers are started from.

    Attributes:
        name: the model's name in URLs.
        directory: the unpacked archive; the workers' working directory, first on their import path.
        manifest: what the archive says of itself.
        configuration: model-config.yaml, which handlers see as `context.model_yaml_config`.
        settings: how the workers are run.
        packages: what the archive's requirements were installed into, before all else but the archive on the import
            path; None where it needs none.
    """

    name: str
    directory: Path
    manifest: Manifest
    configuration: Mapping[str, Any] = field(default_factory=dict)
    settings: WorkerSettings = field(default_factory=WorkerSettings)
    packages: Path | None = None

    @property
    def missing_requirements(self) -> str | None:
        """The requirements file that the archive names and nobody has installed: why an import may fail."""
        return self.manifest.requirements_file if self.packages is None else None
