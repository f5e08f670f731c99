"""Settings of a model's workers from outside its archive. Imports nothing heavy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


@dataclass(frozen=True)
class HandlerOptions:
    """Settings of an archive's workers.

    Attributes:
        defaults: settings for keys that the archive's configuration leaves out, from a store's config.properties.
        overrides: keys of model-config.yaml that take precedence over the archive's, from the resource, flags or the
            management API.
    """

    defaults: WorkerSettings = field(default_factory=WorkerSettings)
    overrides: Mapping[str, Any] = field(default_factory=dict)
