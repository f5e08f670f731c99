"""Converts the configuration file of TorchServe's preparation script to the equivalent manifest."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from transformermodel_api.errors import InvalidManifest, UserError
from transformermodel_api.manifests import read_manifests
from transformermodel_api.model import TransformerModel
from transformermodel_api.validation import problems

_SECTION = "handler"
_KEY = "model_name"
_LABELS_FILE = "index_to_name.json"


@dataclass(frozen=True)
class Converted:
    """A manifest converted from a configuration file.

    Attributes:
        model: the manifest.
        text: the manifest as YAML.
        notes: settings of the file that the manifest leaves out, a sentence each.
    """

    model: TransformerModel
    text: str
    notes: tuple[str, ...]


def is_configuration_file(path: Path) -> bool:
    """Whether a file is not a manifest but a setup_config.json or model-config.yaml, whatever its name."""
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError):
        return False
    return isinstance(document, Mapping) and "apiVersion" not in document and (_SECTION in document or _KEY in document)


def read_models(path: Path) -> Sequence[TransformerModel]:
    """The models of the manifests in a file, or that of a configuration file.

    Raises:
        UserError: the file cannot be used.
    """
    return [read_configuration_file(path).model] if is_configuration_file(path) else read_manifests(path)


def read_configuration_file(path: Path) -> Converted:
    """Read the equivalent manifest; class names come from index_to_name.json beside the file, if it exists.

    Raises:
        UserError: the file, or the one with the class names, cannot be used.
    """
    from transformermodel_predictor.preparation.torchserve_script.script import (
        equivalent_model,
        read_downloader_configuration,
    )

    try:
        configuration = read_downloader_configuration(path.read_text(encoding="utf-8"))
        document = equivalent_model(configuration, _labels(path.with_name(_LABELS_FILE)))
    except ValueError as error:
        raise UserError(f"{path}: {error}") from error
    if found := tuple(problems(document)):
        raise InvalidManifest(str(path), found)
    text = yaml.safe_dump(document, sort_keys=False, allow_unicode=True)
    return Converted(TransformerModel.read(document), text, configuration.notes)


def _labels(file: Path) -> tuple[str, ...] | None:
    from transformermodel_predictor.artifact.labels import read_labels

    if not file.is_file():
        return None
    try:
        return read_labels(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{file.name} beside it cannot be used: {error}") from error
