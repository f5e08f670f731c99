"""Opens archives of any form."""

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
    """Open an archive: unpack a file, read manifest and configuration, and check that the handler's file exists.

    This runs none of its code, and does not install its requirements (see `requirements.with_requirements`).

    Args:
        path: a .mar, .zip, .tar.gz or .tgz file, or the folder of an unpacked archive, which is used in place. Either
            may have one folder around everything, and may lack a manifest.
        name: the model's name; when None, that in the manifest, or else that of the file.
        folder: where to unpack a file. It must not exist yet, and the caller removes it; a failure removes it, too.
        settings: settings for keys that the archive's configuration leaves out; TorchServe's defaults when None.

    Raises:
        PreparationFailed: UnsafeArchive, a member would leave the folder or is not a plain file, or the content is too
            large; UnsupportedSource, the archive is damaged, or cannot be run.
        UserError: there is no archive at the path, or the model's name is invalid.
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
