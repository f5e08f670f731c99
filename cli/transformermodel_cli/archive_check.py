"""Inspects archives for `validate` and `doctor` without running their code."""

import os
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


@dataclass(frozen=True)
class NamedArchive:
    """An archive with its settings in a store.

    Attributes:
        path: the archive.
        name: the model's name; the archive's own if None.
        settings: defaults for what the archive does not set; TorchServe's defaults if None.
    """

    path: Path
    name: str | None = None
    settings: "WorkerSettings | None" = None


def is_archive_path(path: Path) -> bool:
    """Whether a path is an archive file, a folder with one, packed or not, or a store."""
    from transformermodel_predictor.sources.unpacking import is_archive
    from transformermodel_predictor.torchserve.reading.root import is_unpacked_archive, only_archive
    from transformermodel_predictor.torchserve.reading.store import is_model_store

    if not path.is_dir():
        return is_archive(path.name)
    return is_unpacked_archive(path) or is_model_store(path) or only_archive(path) is not None


def archives_at(path: Path) -> Iterator[NamedArchive]:
    """The archives that `serve` would load from a path: itself, or those that a TorchServe model store lists.

    Raises:
        PreparationFailed, UserError: the store cannot be read, or lacks an archive that it lists.
    """
    from transformermodel_predictor.torchserve.reading.root import only_archive
    from transformermodel_predictor.torchserve.reading.store import is_model_store, read_store

    if not is_model_store(path):
        yield NamedArchive((only_archive(path) if path.is_dir() else None) or path)
        return
    for model in read_store(path, os.environ).models:
        yield NamedArchive(model.path, model.name, model.settings)


def describe_archive(archive: NamedArchive) -> str:
    """Unpack an archive into a temporary folder, read all its metadata and summarise it.

    Raises:
        PreparationFailed: it is unsafe, damaged, or its handler is missing.
        UserError: it does not exist, or its name is not valid for a model.
    """
    from transformermodel_predictor.torchserve.reading.borrowed import missing_files
    from transformermodel_predictor.torchserve.reading.opening import open_archive

    with tempfile.TemporaryDirectory() as folder:
        opened = open_archive(archive.path, archive.name, folder=Path(folder) / "archive", settings=archive.settings)
        missing = missing_files(opened)
    manifest, settings = opened.manifest, opened.settings
    needs = f", requires {manifest.requirements_file}" if manifest.requirements_file else ""
    lacks = f", takes what it lacks from {missing.model_name}" if missing else ""
    return (
        f"{opened.name} {manifest.model_version}, handler {manifest.handler}, {settings.min_workers} to "
        f"{settings.max_workers} workers, batches of {settings.batch_size}{needs}{lacks}"
    )
