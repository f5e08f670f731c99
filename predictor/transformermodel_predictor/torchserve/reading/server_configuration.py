"""Reads config.properties, TorchServe's configuration of the server and its models."""

import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from transformermodel_api.errors import UserError
from transformermodel_predictor.torchserve.reading.properties import read_properties
from transformermodel_predictor.torchserve.reading.worker_keys import changed_settings
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

_log = logging.getLogger(__name__)

_PREFIX = "TS_"
"""Prefix of environment variables that set keys."""

_COUNTS = {
    "job_queue_size": ("queue_size",),
    "default_workers_per_model": ("min_workers", "max_workers"),
    "default_response_timeout": ("response_timeout",),
    "default_startup_timeout": ("startup_timeout",),
}
_SWITCHES = {
    "decode_input_request": "decode_input",
    "limit_max_image_pixels": "limit_image_pixels",
    "install_py_dep_per_model": "use_requirements",
}
_BOOLEANS = {"true": True, "false": False}

_READ = frozenset(
    {
        *_COUNTS,
        *_SWITCHES,
        "enable_envvars_config",
        "load_models",
        "max_request_size",
        "metrics_config",
        "model_snapshot",
        "model_store",
        "models",
        "service_envelope",
    }
)
_TORCHSERVE_ONLY = re.compile(
    r"(grpc_)?(inference|management|metrics)_(address|port)|initial_(worker|distribution)_port|num_workers|vmargs"
    r"|(number_of_)?netty(_client)?_threads|prefer_direct_buffer|async_logging|enable_metrics_api|metrics_(mode|format)",
    re.IGNORECASE,
)
"""Keys that many stores have and only TorchServe itself can use: its addresses, and settings of Java."""

ModelKeys = Mapping[str, Mapping[str, Any]]
"""The keys of a model by version."""


@dataclass(frozen=True)
class ServerConfiguration:
    """The content of config.properties.

    Attributes:
        settings: default settings of workers.
        models: the keys of each model's versions in `models`.
        snapshot: those in `model_snapshot`, which also lists the models to load; None if there is none.
        load_models: comma-separated names of archives, `all` or `none`; None if it is not set.
        model_store: folder of the archives; None if it is not set.
        max_request_bytes: most bytes of a body; None if it is not set.
    """

    settings: WorkerSettings = field(default_factory=WorkerSettings)
    models: Mapping[str, ModelKeys] = field(default_factory=dict)
    snapshot: Mapping[str, ModelKeys] | None = None
    load_models: str | None = None
    model_store: Path | None = None
    max_request_bytes: int | None = None

    def settings_of(self, name: str, version: str | None, origin: str) -> WorkerSettings:
        """Default settings of a model's workers, for a version, or for the only one if `version` is None."""
        versions = (self.snapshot or {}).get(name) or self.models.get(name) or {}
        keys = next(iter(versions.values())) if version is None and len(versions) == 1 else versions.get(version or "")
        return changed_settings(self.settings, keys or {}, origin)


def read_server_configuration(file: Path, environment: Mapping[str, str]) -> ServerConfiguration:
    """Read config.properties; with `enable_envvars_config`, variables named TS_<KEY> take precedence.

    Raises:
        UserError: the file cannot be read, or `models` or `model_snapshot` is malformed.
    """
    try:
        values = read_properties(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise UserError(f"{file} cannot be read: {error}") from error
    _log_ignored(values, str(file))
    if values.get("enable_envvars_config", "").strip().lower() == "true":
        given = {name.removeprefix(_PREFIX).lower(): text for name, text in environment.items() if _is_key(name)}
        values = {**values, **given}
    origin = str(file)
    snapshot = _object(values, "model_snapshot", origin)
    return ServerConfiguration(
        settings=_settings(values, origin),
        models=_models(_object(values, "models", origin) or {}, "models", origin),
        snapshot=None if snapshot is None else _models(snapshot.get("models", {}), "model_snapshot", origin),
        load_models=values.get("load_models", "").strip() or None,
        model_store=Path(store) if (store := values.get("model_store", "").strip()) else None,
        max_request_bytes=_count(values, "max_request_size", origin),
    )


def _log_ignored(values: Mapping[str, str], origin: str) -> None:
    """Log, in one line, the keys that this server ignores although they would matter."""
    unread = sorted(key for key in values if key not in _READ and not _TORCHSERVE_ONLY.fullmatch(key))
    if unread:
        _log.warning("%s: %s: no effect here, unless a flag of this server says the same", origin, ", ".join(unread))


def _is_key(name: str) -> bool:
    return name.startswith(_PREFIX) and len(name) > len(_PREFIX)


def _settings(values: Mapping[str, str], origin: str) -> WorkerSettings:
    changes: dict[str, Any] = {}
    for key, fields in _COUNTS.items():
        if (count := _count(values, key, origin)) is not None:
            changes.update(dict.fromkeys(fields, count))
    for key, name in _SWITCHES.items():
        if (switch := _switch(values, key, origin)) is not None:
            changes[name] = switch
    if envelope := values.get("service_envelope", "").strip():
        changes["envelope"] = envelope
    if named := values.get("metrics_config", "").strip():
        if Path(named).is_file():
            changes["metrics_file"] = named
        else:
            _log.warning("%s: metrics_config names %s, which is not there, and counts as not given", origin, named)
    return replace(WorkerSettings(), **changes)


def _count(values: Mapping[str, str], key: str, origin: str) -> int | None:
    text = values.get(key, "").strip()
    if not text:
        return None
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    _log.warning("%s: %s is %r instead of a whole number from 1 and counts as not given", origin, key, text)
    return None


def _switch(values: Mapping[str, str], key: str, origin: str) -> bool | None:
    text = values.get(key, "").strip().lower()
    if text and text not in _BOOLEANS:
        _log.warning("%s: %s is %r instead of true or false and counts as not given", origin, key, text)
    return _BOOLEANS.get(text)


def _object(values: Mapping[str, str], key: str, origin: str) -> dict[str, Any] | None:
    text = values.get(key, "").strip()
    if not text:
        return None
    try:
        document = json.loads(text)
    except ValueError as error:
        raise UserError(f"{origin}: {key} is not JSON ({error})") from error
    if not isinstance(document, dict):
        raise UserError(f"{origin}: {key} is not a JSON object")
    return document


def _models(document: object, key: str, origin: str) -> dict[str, ModelKeys]:
    if not isinstance(document, dict):
        raise UserError(f"{origin}: {key} holds no object of models")
    for name, versions in document.items():
        if not isinstance(versions, dict) or not all(isinstance(keys, dict) for keys in versions.values()):
            raise UserError(f'{origin}: {key} must hold {{"{name}": {{"VERSION": {{…}}}}}}')
    return document
