"""The model-config.yaml of an archive."""

from pathlib import Path
from typing import Any

import yaml

from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE
from transformermodel_predictor.torchserve.manifest import Manifest
from transformermodel_predictor.torchserve.reading.refusal import unusable


def read_configuration_file(root: Path, manifest: Manifest, origin: str) -> dict[str, Any]:
    """Read the model's configuration: the file that the manifest names, else a model-config.yaml in the archive.

    TorchServe reads only a file that the manifest names; archives that add it as an extra file mean the same.

    Raises:
        PreparationFailed: UnsupportedSource, the named file is missing, or is not YAML with keys.
    """
    name = manifest.config_file or CONFIGURATION_FILE
    file = root / name
    if not file.is_file():
        if manifest.config_file is None:
            return {}
        raise unusable(origin, f"has no {name}, which its manifest names as the model's configuration")
    try:
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise unusable(origin, f"has a {name} that is not YAML ({_in_one_line(error)})") from error
    if document is None:
        return {}
    if not isinstance(document, dict):
        raise unusable(origin, f"has a {name} that is not an object of keys and values")
    return {str(key): value for key, value in document.items()}


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())
