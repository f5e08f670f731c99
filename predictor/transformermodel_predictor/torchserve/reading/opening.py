"""An archive in any of its forms, opened."""

import shutil
from dataclasses import replace
from pathlib import Path

from transformermodel_api.errors import UserError
from transformermodel_predictor.sources.unpacking import ARCHIVE_SUFFIXES, is_archive, unpack
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.model_name import RULE, is_model_name
from transformermodel_predictor.torchserve.reading.configuration_file import read_configuration_file
from transformermodel_predictor.torchserve.reading.handler_file import require_handler
from transformermodel_predictor.torchserve.reading.manifest_file import read_manifest
from transformermodel_predictor.torchserve.reading.naming import stem_of
from transformermodel_predictor.torchserve.reading.root import archive_root
from transformermodel_predictor.torchserve.reading.worker_keys import changed_settings
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


def open_archive(
    path: Path, name: str | None = None, *, folder: Path, settings: WorkerSettings | None = None
) -> ArchivedModel:
    """Open an archive: unpack it where it is a file, read what it says of itself, and see that its handler is there.

    Nothing of it runs, and its requirements are not installed (see `requirements.with_requirements`).

    Args:
        path: a .mar, .zip, .tar.gz or .tgz file, or the folder of an unpacked archive, which is used as it is; either
            may have one folder around everything, and need have no manifest.
        name: the model's name; as the manifest says when None, or the file is called.
        folder: where a file is unpacked: a folder that is not there yet, the caller's to remove; after a failure it
            is gone.
        settings: what holds where the archive's own configuration says nothing; TorchServe's defaults when None.

    Raises:
        PreparationFailed: UnsafeArchive, a member would leave the folder or is no plain file, or it unfolds to too
            much; UnsupportedSource, it is damaged, or cannot be run.
        UserError: there is no archive at the path, or the model's name cannot be one.
    """
    if path.is_dir():
        return _read(archive_root(path).resolve(), path, name, settings or WorkerSettings())
    root = _unpacked(path, folder)
    try:
        return _read(root, path, name, settings or WorkerSettings())
    except BaseException:
        shutil.rmtree(folder)
        raise


def _read(root: Path, path: Path, name: str | None, settings: WorkerSettings) -> ArchivedModel:
    origin = str(path)
    manifest = read_manifest(root, origin, stem_of(path))
    configuration = read_configuration_file(root, manifest, origin)
    require_handler(root, manifest.handler, origin)
    settings = replace(settings, envelope=settings.envelope or manifest.envelope)
    return ArchivedModel(
        name=_checked(name or manifest.model_name, origin),
        directory=root,
        manifest=manifest,
        configuration=configuration,
        settings=changed_settings(settings, configuration, origin),
    )


def _unpacked(path: Path, folder: Path) -> Path:
    if not path.is_file():
        raise UserError(f"{path} is not there: name a {', '.join(ARCHIVE_SUFFIXES)} file or an unpacked folder")
    if not is_archive(path.name):
        raise UserError(f"{path} is no archive: its name must end with {', '.join(ARCHIVE_SUFFIXES)}")
    unpack(path, folder, str(path))
    return archive_root(folder).resolve()


def _checked(name: str, origin: str) -> str:
    if not is_model_name(name):
        raise UserError(f"{origin}: the model's name {name!r} must be {RULE}; give another with NAME={origin}")
    return name
