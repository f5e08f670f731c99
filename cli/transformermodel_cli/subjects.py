"""What `serve` and `prepare` are given: manifests, and directories that are prepared already."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from transformermodel_api.errors import UserError
from transformermodel_api.manifests import read_manifests
from transformermodel_api.model import TransformerModel
from transformermodel_api.predictor import Device
from transformermodel_cli.configuration_file import Converted, is_configuration_file, read_configuration_file

_SHORT_DIGEST = 12
"""How much of a digest names an artifact that has no other name."""


@dataclass(frozen=True)
class ManifestSubject:
    """A model that a manifest describes.

    Attributes:
        base: folder that relative file:// uris start from: the manifest's own.
        converted: what the manifest came of, if the file was not one itself.
    """

    name: str
    model: TransformerModel
    base: Path
    converted: Converted | None = None

    def on(self, device: Device) -> Self:
        """The same model on a kind of device, whatever its manifest names."""
        spec = self.model.spec
        predictor = spec.predictor.model_copy(update={"device": device})
        spec = spec.model_copy(update={"predictor": predictor})
        return replace(self, model=self.model.model_copy(update={"spec": spec}))


@dataclass(frozen=True)
class ArtifactSubject:
    """A directory that preparation has made."""

    name: str
    directory: Path


@dataclass(frozen=True)
class StoredSubject:
    """An artifact in object storage."""

    name: str
    uri: str


Subject = ManifestSubject | ArtifactSubject | StoredSubject


def read_subjects(arguments: Sequence[str]) -> list[Subject]:
    """Read `FILE` and `NAME=FILE` arguments; a configuration file of TorchServe's script counts as a manifest.

    Raises:
        UserError: a file cannot be read or used, or two models have one name.
    """
    subjects = [subject for argument in arguments for subject in _read(argument)]
    repeated = [name for name, count in Counter(subject.name for subject in subjects).items() if count > 1]
    if repeated:
        raise UserError(f"two models are named {repeated[0]}: name one of them with NAME=FILE")
    return subjects


def _read(argument: str) -> list[Subject]:
    given, separator, file = argument.rpartition("=")
    path = Path(file)
    if separator and not given:
        raise UserError(f"{argument}: the name before = is empty")
    if "://" in file:
        return [StoredSubject(given or path.name[:_SHORT_DIGEST], file)]
    if path.is_dir():
        return [ArtifactSubject(given or path.resolve().name, path)]
    if is_configuration_file(path):
        converted = read_configuration_file(path)
        model = converted.model
        return [ManifestSubject(given or model.metadata.name, model, path.resolve().parent, converted)]
    models = read_manifests(path)
    if given and len(models) > 1:
        raise UserError(f"{path} holds {len(models)} models: {given}= can name only one")
    return [ManifestSubject(given or model.metadata.name, model, path.resolve().parent) for model in models]
