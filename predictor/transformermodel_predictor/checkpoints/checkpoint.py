"""Reads and checks a checkpoint's folder before any weight is loaded."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import transformers
from safetensors import SafetensorError, safe_open
from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.checkpoints.gguf import gguf_configuration
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.sources.selection import Weights, WeightsKind, find_weights

_CONFIGURATION = "config.json"


@dataclass(frozen=True)
class Checkpoint:
    """A folder with a configuration that transformers supports, and complete weights.

    Attributes:
        folder: on this machine.
        origin: its uri, for messages.
        configuration: from config.json, or from a GGUF file.
        weights: the files with the weights.
        trusted: whether code in the folder may run.
    """

    folder: Path
    origin: str
    configuration: PreTrainedConfig
    weights: Weights
    trusted: bool = False

    @property
    def weight_files(self) -> tuple[Path, ...]:
        """Where the weights are."""
        return tuple(self.folder / name for name in self.weights.files)


def read_checkpoint(folder: Path, origin: str, auto_class: str, *, trusted: bool = False) -> Checkpoint:
    """Read and check a checkpoint for a task.

    Raises:
        PreparationFailed: UnsupportedSource, a file is missing, damaged or not readable; UnsupportedArchitecture,
            transformers does not know the architecture, or not for this task; RemoteCodeForbidden, the architecture
            is code in the folder, which may not run.
    """
    names = [path.name for path in folder.iterdir() if path.is_file()]
    weights = find_weights(names, origin, lambda name: (folder / name).read_text(encoding="utf-8"))
    if weights.kind is WeightsKind.GGUF:
        configuration = gguf_configuration(folder / weights.files[0], origin)
        _require_task(configuration, origin, auto_class, trusted)
    else:
        configuration = read_configuration(folder, origin, auto_class, trusted=trusted)
    checkpoint = Checkpoint(folder, origin, configuration, weights, trusted)
    if weights.kind is WeightsKind.Safetensors:
        for file in checkpoint.weight_files:
            require_readable(file, origin)
    return checkpoint


def _require_task(configuration: PreTrainedConfig, origin: str, auto_class: str, trusted: bool) -> None:
    if type(configuration) in getattr(transformers, auto_class)._model_mapping:
        return
    if auto_class in (getattr(configuration, "auto_map", None) or {}):
        require_trust(trusted, origin, f"its {auto_class}", configuration.auto_map[auto_class])
        return
    raise PreparationFailed(
        FailureReason.UnsupportedArchitecture,
        f"{origin} has the architecture {configuration.model_type!r}, for which there is no {auto_class}.",
    )


def require_trust(trusted: bool, origin: str, what: str, code: object) -> None:
    """Refuse to run code that comes with a model, unless the user trusts it.

    Raises:
        PreparationFailed: RemoteCodeForbidden.
    """
    if not trusted:
        raise PreparationFailed(
            FailureReason.RemoteCodeForbidden, f"{origin} brings {what} as code of its own ({code})."
        )


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


def read_configuration(folder: Path, origin: str, auto_class: str, *, trusted: bool = False) -> PreTrainedConfig:
    """Read config.json, whose architecture must support the task; weights need not exist.

    Raises:
        PreparationFailed: as `read_checkpoint`.
    """
    document = read_object(folder / _CONFIGURATION, origin)
    _require_known_architecture(document, origin, trusted)
    try:
        with quiet():
            configuration: PreTrainedConfig = AutoConfig.from_pretrained(
                folder, local_files_only=True, trust_remote_code=trusted
            )
    except MemoryError:
        raise
    except Exception as error:  # each architecture checks its own fields, with exceptions of its own
        raise _unsupported(f"{_CONFIGURATION} of {origin} cannot be read ({one_line(error)}).") from error
    _require_task(configuration, origin, auto_class, trusted)
    return configuration


def _require_known_architecture(document: Mapping[str, Any], origin: str, trusted: bool) -> None:
    model_type, code = document.get("model_type"), document.get("auto_map")
    if model_type is None:
        raise _unsupported(f"{_CONFIGURATION} of {origin} names no model_type.")
    if model_type in CONFIG_MAPPING:
        return
    if isinstance(code, Mapping) and "AutoConfig" in code:
        require_trust(trusted, origin, f"the architecture {model_type!r}", code["AutoConfig"])
        return
    raise PreparationFailed(
        FailureReason.UnsupportedArchitecture,
        f"{origin} has the architecture {model_type!r}, which transformers {transformers.__version__} does not know.",
    )


def _unsupported(message: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.UnsupportedSource, message)
