"""The arguments of `serve` and `prepare`: manifests, prepared directories, archives and stores of archives."""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from transformermodel_api.errors import UserError
from transformermodel_api.manifests import read_manifests
from transformermodel_api.model import TransformerModel
from transformermodel_api.predictor import Device
from transformermodel_cli.configuration_file import Converted, is_configuration_file, read_configuration_file

if TYPE_CHECKING:
    from transformermodel_predictor.torchserve.reading.store import ModelStore

_SOURCES = ("hf://", "https://", "file://", "package://", "pvc://")
"""Schemes of sources in a manifest, which never hold artifacts."""
_HUB_NAME = re.compile(r"[\w.-]+/[\w.-]+(?<!\.yaml)(?<!\.yml)(?<!\.json)")
_SHORT_DIGEST = 12
"""Characters of the digest that name an artifact without another name."""


@dataclass(frozen=True)
class ManifestSubject:
    """A model that a manifest describes.

    Attributes:
        base: folder that relative file:// uris are resolved against: the manifest's own.
        converted: the conversion from a configuration file, if the file was not a manifest.
    """

    name: str
    model: TransformerModel
    base: Path
    converted: Converted | None = None

    def on(self, device: Device) -> Self:
        """The same model on another kind of device than its manifest's."""
        spec = self.model.spec
        predictor = spec.predictor.model_copy(update={"device": device})
        spec = spec.model_copy(update={"predictor": predictor})
        return replace(self, model=self.model.model_copy(update={"spec": spec}))


@dataclass(frozen=True)
class ArtifactSubject:
    """A prepared directory."""

    name: str
    directory: Path


@dataclass(frozen=True)
class StoredSubject:
    """An artifact in object storage."""

    name: str
    uri: str


@dataclass(frozen=True)
class ArchiveSubject:
    """An archive on this machine: a file, or a folder with an unpacked one. Naming it is consent to run its code."""

    name: str
    path: Path


@dataclass(frozen=True)
class StoreSubject:
    """A TorchServe model store, whose configuration lists its models; its name is not a model's name."""

    name: str
    folder: Path
    store: "ModelStore"


Subject = ManifestSubject | ArtifactSubject | StoredSubject | ArchiveSubject | StoreSubject


def read_subjects(arguments: Sequence[str]) -> list[Subject]:
    """Read `FILE` and `NAME=FILE` arguments; a configuration file of TorchServe's script counts as a manifest.

    Raises:
        UserError: a file cannot be read or used, or two models have one name.
    """
    read = [(number, subject) for number, argument in enumerate(arguments) for subject in _read(argument)]
    places: dict[str, int] = {}
    for number, name in ((number, name) for number, subject in read for name in _names(subject)):
        if name in places:
            raise UserError(_same_name(name, arguments, places[name], number))
        places[name] = number
    return [subject for _, subject in read]


def _same_name(name: str, arguments: Sequence[str], first: int, second: int) -> str:
    one, other = arguments[first], arguments[second]
    if first == second:
        return f"two models in {one} are named {name}: rename one, as here no namespaces tell them apart"
    return f"two models are named {name}, in {one} and in {other}: name one of them with NAME=FILE"


def _names(subject: Subject) -> Iterator[str]:
    """The names of a subject's models; several versions of one model count once."""
    if isinstance(subject, StoreSubject):
        yield from dict.fromkeys(model.name for model in subject.store.models)
    else:
        yield subject.name


def _read(argument: str) -> list[Subject]:
    from transformermodel_predictor.torchserve.model_name import RULE, is_model_name

    given, separator, file = argument.rpartition("=")
    path = Path(file)
    if separator and not given:
        raise UserError(f"{argument}: the name before = is empty")
    if separator and not is_model_name(given):
        raise UserError(f"{argument}: the model's name {given!r} must be {RULE}")
    if file.startswith(_SOURCES):
        raise UserError(f"{file} is a source, not a prepared model: write {_manifest_of(file)}")
    if "://" in file:
        return [StoredSubject(given or path.name[:_SHORT_DIGEST], file)]
    from transformermodel_predictor.sources.unpacking import is_archive

    if is_archive(path.name) and not path.is_dir():
        return [_archive(given, path)]
    if path.is_dir():
        return [_directory(given, path)]
    if is_configuration_file(path):
        converted = read_configuration_file(path)
        model = converted.model
        return [ManifestSubject(given or model.metadata.name, model, path.resolve().parent, converted)]
    if _HUB_NAME.fullmatch(file) and not path.exists() and not path.parent.exists():
        raise UserError(f"{file} is not a file here; of a model on a hub write {_manifest_of(f'hf://{file}')}")
    models = read_manifests(path)
    if given and len(models) > 1:
        raise UserError(f"{path} holds {len(models)} models: {given}= can name only one")
    return [ManifestSubject(given or model.metadata.name, model, path.resolve().parent) for model in models]


def _archive(given: str, path: Path) -> ArchiveSubject:
    from transformermodel_predictor.torchserve.reading.peeking import peek_or_name

    if not path.exists():
        raise UserError(f"{path} is not there")
    return ArchiveSubject(given or peek_or_name(path).model_name, path)


def _directory(given: str, path: Path) -> Subject:
    from transformermodel_predictor.torchserve.reading.root import only_archive
    from transformermodel_predictor.torchserve.reading.served import has_handler, is_artifact
    from transformermodel_predictor.torchserve.reading.store import is_model_store, read_store

    name = given or path.resolve().name
    if is_artifact(path):
        return ArtifactSubject(name, path)
    if is_model_store(path):
        return StoreSubject(name, path, read_store(path, os.environ))
    if archive := only_archive(path):
        return _archive(given, archive)
    if has_handler(path):
        return _archive(given, path)
    raise UserError(_nothing_to_serve(path))


def _nothing_to_serve(folder: Path) -> str:
    """Why a folder cannot be served, by what it holds instead of a prepared model or an archive."""
    manifests = sorted(folder.glob("*.yaml"), key=lambda file: (file.name != "model.yaml", file.name))
    if manifests:
        return f"{folder} is a folder, and no prepared model: name the manifest in it, as in {manifests[0]}"
    if (folder / "config.json").exists():
        return f"{folder} is a checkpoint that is not prepared: write {_manifest_of(f'file://{folder}')}"
    below = sorted(folder.glob("*/model.yaml"))
    example = f", as in {below[0]}" if below else ""
    return f"{folder} is a folder without a prepared model or an archive: name a manifest{example}"


def _manifest_of(uri: str) -> str:
    return f"a manifest with spec.source.uri: {uri}, and name that manifest"
