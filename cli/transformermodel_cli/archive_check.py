"""Archives, looked at without running any of them: for `validate` and `doctor`."""

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
    """An archive with what a store says of it.

    Attributes:
        path: the archive.
        name: the model's name; as the archive says when None.
        settings: what holds where the archive says nothing; TorchServe's defaults when None.
    """

    path: Path
    name: str | None = None
    settings: "WorkerSettings | None" = None


def is_archive_path(path: Path) -> bool:
    """Whether a path is that of an archive's file, of a folder with one, packed or not, or of a store."""
    from transformermodel_predictor.sources.unpacking import is_archive
    from transformermodel_predictor.torchserve.reading.root import is_unpacked_archive, only_archive
    from transformermodel_predictor.torchserve.reading.store import is_model_store

    if not path.is_dir():
        return is_archive(path.name)
    return is_unpacked_archive(path) or is_model_store(path) or only_archive(path) is not None


def archives_at(path: Path) -> Iterator[NamedArchive]:
    """The archives that `serve` takes of a path: it itself, or those that a store of TorchServe's wants served.

    Raises:
        PreparationFailed, UserError: the store cannot be read, or lacks an archive that it names.
    """
    from transformermodel_predictor.torchserve.reading.root import only_archive
    from transformermodel_predictor.torchserve.reading.store import is_model_store, read_store

    if not is_model_store(path):
        yield NamedArchive((only_archive(path) if path.is_dir() else None) or path)
        return
    for model in read_store(path, os.environ).models:
        yield NamedArchive(model.path, model.name, model.settings)


def describe_archive(archive: NamedArchive) -> str:
    """Unpack an archive into a passing folder, read all that it says of itself, and say it in a few words.

    Raises:
        PreparationFailed: it is unsafe, damaged, or its handler is missing.
        UserError: it is not there, or has a name that no model can have.
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
