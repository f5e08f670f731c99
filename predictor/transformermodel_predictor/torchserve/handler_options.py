"""What is said of a model's workers outside its archive. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


@dataclass(frozen=True)
class HandlerOptions:
    """How the workers of an archive are run.

    Attributes:
        defaults: what holds where the archive's own configuration says nothing: a store's config.properties.
        overrides: keys of model-config.yaml that hold whatever the archive says: the resource, flags, the management
            API.
    """

    defaults: WorkerSettings = field(default_factory=WorkerSettings)
    overrides: Mapping[str, Any] = field(default_factory=dict)
