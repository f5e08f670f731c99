"""A checkpoint's folder, read and checked before any weight is loaded."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import transformers
from safetensors import SafetensorError, safe_open
from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.quiet import quiet

_CONFIGURATION = "config.json"
_WEIGHTS = "model.safetensors"
_INDEX = "model.safetensors.index.json"


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a configuration that transformers knows and weights that are whole.

    Attributes:
        folder: where it is.
        origin: the uri it came from, for messages.
        configuration: config.json.
    """

    folder: Path
    origin: str
    configuration: PreTrainedConfig


def read_checkpoint(folder: Path, origin: str, auto_class: str) -> Checkpoint:
    """Read and check a checkpoint for a task.

    Raises:
        PreparationFailed: UnsupportedSource, a file is missing, damaged or not readable; UnsupportedArchitecture,
            transformers does not know the architecture, or not for this task.
    """
    configuration = _configuration(folder, origin)
    if type(configuration) not in getattr(transformers, auto_class)._model_mapping:
        raise PreparationFailed(
            FailureReason.UnsupportedArchitecture,
            f"{origin} has the architecture {configuration.model_type!r}, for which there is no {auto_class}.",
        )
    for file in _weight_files(folder, origin):
        require_readable(file, origin)
    return Checkpoint(folder, origin, configuration)


def require_readable(file: Path, origin: str) -> None:
    """Refuse a safetensors file that is missing, cut or damaged, by its header and size.

    Raises:
        PreparationFailed: UnsupportedSource.
    """
    if not file.is_file():
        raise _unsupported(f"{origin} has no {file.name}.")
    try:
        with safe_open(file, framework="pt"):
            pass
    except SafetensorError as error:
        raise _unsupported(f"{file.name} of {origin} is cut or damaged ({error}).") from error


def read_object(file: Path, origin: str) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        PreparationFailed: UnsupportedSource, the file is missing or something else.
    """
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise _unsupported(f"{origin} has no {file.name}.") from error
    except ValueError as error:
        raise _unsupported(f"{file.name} of {origin} is not JSON ({error}).") from error
    if not isinstance(document, dict):
        raise _unsupported(f"{file.name} of {origin} is not a JSON object.")
    return document


def _configuration(folder: Path, origin: str) -> PreTrainedConfig:
    model_type = read_object(folder / _CONFIGURATION, origin).get("model_type")
    if model_type is None:
        raise _unsupported(f"{_CONFIGURATION} of {origin} names no model_type.")
    if model_type not in CONFIG_MAPPING:
        raise PreparationFailed(
            FailureReason.UnsupportedArchitecture,
            f"{origin} has the architecture {model_type!r}, which transformers {transformers.__version__} "
            "does not know.",
        )
    try:
        with quiet():
            configuration: PreTrainedConfig = AutoConfig.from_pretrained(
                folder, local_files_only=True, trust_remote_code=False
            )
    except MemoryError:
        raise
    except Exception as error:  # each architecture checks its own fields, with exceptions of its own
        raise _unsupported(f"{_CONFIGURATION} of {origin} cannot be read ({one_line(error)}).") from error
    return configuration


def _weight_files(folder: Path, origin: str) -> list[Path]:
    if (folder / _WEIGHTS).is_file() or not (folder / _INDEX).is_file():
        return [folder / _WEIGHTS]
    shards = read_object(folder / _INDEX, origin).get("weight_map")
    if not isinstance(shards, dict) or not shards or not all(isinstance(name, str) for name in shards.values()):
        raise _unsupported(f"{_INDEX} of {origin} names no files.")
    names = sorted(set(shards.values()))
    for name in names:
        if Path(name).name != name:
            raise _unsupported(f"{_INDEX} of {origin} names the file {name!r}, which leaves the folder.")
    return [folder / name for name in names]


def _unsupported(message: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.UnsupportedSource, message)
