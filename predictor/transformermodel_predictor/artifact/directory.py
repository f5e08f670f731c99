"""Artifact folders: sealing one after building it, and opening one after verifying every byte."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from transformermodel_api.errors import CorruptArtifact, UserError
from transformermodel_predictor.artifact.configuration import (
    CONFIGURATION_FILE,
    ModelConfiguration,
    read_configuration,
)
from transformermodel_predictor.artifact.durable import flush
from transformermodel_predictor.artifact.labels import LABELS_FILE, read_labels
from transformermodel_predictor.artifact.manifest import (
    BESIDE_CONTENT,
    MANIFEST_FILE,
    Manifest,
    Provenance,
    read_manifest,
)
from transformermodel_predictor.artifact.verification import differing, remember
from transformermodel_predictor.checksums import FileEntry, describe, files_below

_OUTSIDE = frozenset({MANIFEST_FILE, *BESIDE_CONTENT})
_REMEDY = "Delete the folder and prepare the model again."

Read = TypeVar("Read")


@dataclass(frozen=True)
class Artifact:
    """A verified folder with all that serving a model needs.

    Attributes:
        path: the folder.
        manifest: its content and provenance.
        configuration: from model-config.yaml; the defaults for an archive, whose handler reads its own.
        labels: names of the classes in the order of the logits; empty for tasks without classes.
    """

    path: Path
    manifest: Manifest
    configuration: ModelConfiguration
    labels: tuple[str, ...]


def open_named_artifact(path: Path) -> Artifact:
    """Open an artifact that the user names; what was never one is the user's mistake, not damage.

    Raises:
        UserError: it is no folder, or one without a manifest.
        CorruptArtifact: see `open_artifact`.
    """
    if missing := _missing(path):
        raise UserError(missing)
    return open_artifact(path)


def open_artifact(path: Path) -> Artifact:
    """Verify an artifact against its manifest, and open it.

    Raises:
        CorruptArtifact: a file is missing, unknown, changed or unreadable; the message names it.
    """
    if missing := _missing(path):
        raise CorruptArtifact(missing)
    manifest = _read(path, MANIFEST_FILE, read_manifest)
    _verify_names(path, manifest)
    for entry in manifest.files:
        _verify_size(path, entry)
    _verify_content(path, manifest)
    return _artifact(path, manifest)


def seal(path: Path, provenance: Provenance) -> Artifact:
    """Make a built folder an artifact: write its manifest, and make all files read-only and durable."""
    files = tuple(path / name for name in _content_names(path))
    manifest = Manifest(tuple(describe(path, file) for file in files), provenance)
    for file in files:
        file.chmod(0o444)
        flush(file)
    remember(path, manifest.files)
    write_beside(path, MANIFEST_FILE, manifest.text())
    return _artifact(path, manifest)


def write_beside(path: Path, name: str, text: str) -> None:
    """Write a file that describes the content without being part of it: manifest, report or recordings.

    A file from an interrupted attempt is replaced; it is read-only even for its owner.
    """
    file = path / name
    file.unlink(missing_ok=True)
    file.write_text(text, encoding="utf-8")
    file.chmod(0o444)
    flush(file)
    flush(path)


def _missing(path: Path) -> str | None:
    """Why a folder is no artifact at all; None if it may be one."""
    if not path.is_dir():
        return f"{path} is not a folder: name one that `transformermodel prepare` has made."
    if not (path / MANIFEST_FILE).is_file():
        return (
            f"{path} has no {MANIFEST_FILE}: it is not a prepared model. Prepare one with `transformermodel prepare`."
        )
    return None


def _artifact(path: Path, manifest: Manifest) -> Artifact:
    return Artifact(
        path=path,
        manifest=manifest,
        configuration=ModelConfiguration()
        if manifest.is_of_archive
        else _read(path, CONFIGURATION_FILE, read_configuration),
        labels=_read(path, LABELS_FILE, read_labels) if (path / LABELS_FILE).exists() else (),
    )


def _read(path: Path, name: str, parse: Callable[[str], Read]) -> Read:
    try:
        return parse((path / name).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CorruptArtifact(f"{path / name} cannot be read: {error}. {_REMEDY}") from error


def _content_names(path: Path) -> list[str]:
    """Names of all files except manifest and report."""
    names = (file.relative_to(path).as_posix() for file in files_below(path))
    return [name for name in names if name not in _OUTSIDE]


def _verify_names(path: Path, manifest: Manifest) -> None:
    recorded = {entry.path for entry in manifest.files}
    present = set(_content_names(path))
    for name in sorted(recorded - present):
        raise CorruptArtifact(f"{path / name} is missing. {_REMEDY}")
    for name in sorted(present - recorded):
        raise CorruptArtifact(f"{path / name} is not in {MANIFEST_FILE}. Remove it, or prepare the model again.")


def _verify_size(path: Path, entry: FileEntry) -> None:
    file = path / entry.path
    if file.is_symlink() or not file.is_file():
        raise CorruptArtifact(f"{file} is not a plain file. {_REMEDY}")
    size = file.stat().st_size
    if size != entry.size:
        raise CorruptArtifact(f"{file} has {size} bytes instead of {entry.size}. {_REMEDY}")


def _verify_content(path: Path, manifest: Manifest) -> None:
    try:
        wrong = differing(path, manifest.files)
    except OSError as error:
        raise CorruptArtifact(f"{error.filename} cannot be read: {error.strerror}. {_REMEDY}") from error
    if wrong:
        raise CorruptArtifact(
            f"{path / wrong[0].path} is damaged: its SHA-256 is not the one in {MANIFEST_FILE}. {_REMEDY}"
        )
