"""The manifest of an archive: MAR-INF/MANIFEST.json."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transformermodel_predictor.torchserve.archive import Runtime


@dataclass(frozen=True)
class Manifest:
    """A manifest, in TorchServe's terms.

    Attributes:
        model_name: the name under which the model was packed.
        model_version: the version, any text without a slash.
        handler: `module`, `module.py`, `module:function`, `module:Class`, or the name of a default handler.
        serialized_file: the weights, relative to the archive's folder.
        model_file: the Python file with the model's class.
        requirements_file: Python packages that the handler needs.
        config_file: the model's configuration.
        envelope: name of the request envelope, in old archives.
        runtime: the interpreter that the handler needs.
        document: the manifest's JSON, which handlers see as `context.manifest`.
    """

    model_name: str
    model_version: str = "1.0"
    handler: str = "handler"
    serialized_file: str | None = None
    model_file: str | None = None
    requirements_file: str | None = None
    config_file: str | None = None
    envelope: str | None = None
    runtime: Runtime = Runtime.python
    document: Mapping[str, Any] = field(default_factory=dict)
