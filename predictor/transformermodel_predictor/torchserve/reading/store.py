"""Reads a model store of TorchServe, as KServe mounts it: config/config.properties and model-store/*.mar."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from transformermodel_api.errors import UserError
from transformermodel_predictor.sources.unpacking import is_archive
from transformermodel_predictor.torchserve.model_name import RULE, is_model_name
from transformermodel_predictor.torchserve.reading.peeking import peek_or_name
from transformermodel_predictor.torchserve.reading.root import is_unpacked_archive
from transformermodel_predictor.torchserve.reading.server_configuration import (
    ServerConfiguration,
    read_server_configuration,
)
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

CONFIGURATION = Path("config") / "config.properties"
MODEL_STORE = "model-store"

_ALL, _NONE = "all", "none"


@dataclass(frozen=True)
class StoredModel:
    """An archive in a store, to be served under a name.

    Attributes:
        name: the model's name.
        version: the archive's version, as far as the configuration or the manifest says it.
        path: the archive.
        settings: default settings of its workers.
        is_default: whether it is the model's default version.
    """

    name: str
    version: str | None
    path: Path
    settings: WorkerSettings
    is_default: bool = True


@dataclass(frozen=True)
class ModelStore:
    """The models of a store.

    Attributes:
        models: the archives to serve.
        archives: the folder that contains them, and possibly others.
        max_request_bytes: most bytes of a body; None if the configuration does not say.
    """

    models: tuple[StoredModel, ...]
    archives: Path
    max_request_bytes: int | None = None


def is_model_store(folder: Path) -> bool:
    """Whether a folder is a store of TorchServe's."""
    return (folder / CONFIGURATION).is_file() or (folder / MODEL_STORE).is_dir()


def read_store(folder: Path, environment: Mapping[str, str]) -> ModelStore:
    """Find out which archives a store wants to be served, and with which settings, without unpacking any.

    They are listed in `model_snapshot` of config.properties, else in `load_models`; without either, all are served.

    Args:
        folder: the store.
        environment: variables that may override keys of config.properties.

    Raises:
        UserError: the configuration cannot be read, an archive that it names is missing, or there is nothing to serve.
    """
    file = folder / CONFIGURATION
    configuration = read_server_configuration(file, environment) if file.is_file() else ServerConfiguration()
    archives = _archives_folder(folder, configuration)
    models = tuple(_wanted(configuration, archives, str(file)))
    if not models:
        raise UserError(f"{folder} has nothing to serve: no archive in {archives} is to be loaded")
    for model in models:
        if not is_model_name(model.name):
            raise UserError(f"{model.path}: the model's name {model.name!r} must be {RULE}")
    return ModelStore(models, archives, configuration.max_request_bytes)


def _archives_folder(folder: Path, configuration: ServerConfiguration) -> Path:
    """The folder that the configuration names, if it exists: often it is a path of another machine."""
    named = configuration.model_store
    return named if named is not None and named.is_dir() else folder / MODEL_STORE


def _wanted(configuration: ServerConfiguration, archives: Path, origin: str) -> Iterator[StoredModel]:
    if configuration.snapshot is not None:
        for name, versions in configuration.snapshot.items():
            for version, keys in versions.items():
                yield _from_snapshot(configuration, archives, name, version, keys, origin)
    elif (configuration.load_models or _ALL).lower() == _ALL:
        for path in sorted(archives.iterdir()) if archives.is_dir() else ():
            if is_archive(path.name) or is_unpacked_archive(path):
                yield _named(configuration, None, path, origin)
    elif configuration.load_models and configuration.load_models.lower() != _NONE:
        for entry in configuration.load_models.split(","):
            name, _, file = entry.strip().rpartition("=")
            if file:
                yield _named(configuration, name.strip() or None, _archive(archives, file.strip(), origin), origin)


def _from_snapshot(
    configuration: ServerConfiguration, archives: Path, name: str, version: str, keys: Mapping[str, Any], origin: str
) -> StoredModel:
    path = _archive(archives, str(keys.get("marName") or f"{name}.mar"), origin)
    settings = configuration.settings_of(name, version, origin)
    return StoredModel(name, version, path, settings, is_default=keys.get("defaultVersion", True) is True)


def _named(configuration: ServerConfiguration, name: str | None, path: Path, origin: str) -> StoredModel:
    manifest = peek_or_name(path)
    name = name or manifest.model_name
    settings = configuration.settings_of(name, manifest.model_version, origin)
    return StoredModel(name, manifest.model_version, path, settings)


def _archive(archives: Path, file: str, origin: str) -> Path:
    if "://" in file:
        raise UserError(f"{origin}: {file} is not fetched: put the archive into {archives} and name its file")
    path = archives / file
    if Path(file).name != file or not path.exists():
        raise UserError(f"{origin}: there is no archive {file} in {archives}")
    return path
