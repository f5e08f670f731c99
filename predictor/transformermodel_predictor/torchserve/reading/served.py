"""Opens whatever can be served with a handler: an archive, an unpacked one, or an artifact made of one."""

import os
from dataclasses import replace
from pathlib import Path

from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.artifact.manifest import MANIFEST_FILE, read_manifest
from transformermodel_predictor.sources.unpacking import is_archive
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.handler_options import HandlerOptions
from transformermodel_predictor.torchserve.reading.borrowed import missing_files, with_borrowed_files
from transformermodel_predictor.torchserve.reading.commands import Commands
from transformermodel_predictor.torchserve.reading.opening import open_archive
from transformermodel_predictor.torchserve.reading.requirements import with_requirements
from transformermodel_predictor.torchserve.reading.root import is_unpacked_archive
from transformermodel_predictor.torchserve.reading.worker_keys import changed_settings
from transformermodel_predictor.torchserve.reading.working_copy import working_copy

ARCHIVE_FOLDER = "archive"
"""Folder of an artifact with the unpacked archive."""

PACKAGES_FOLDER = "packages"
"""Folder of an artifact with the archive's requirements, if they were installed."""

INSTALLED_REQUIREMENTS = "installed-requirements.txt"
"""File in that folder with the requirements; there may be no other, if the server had all of them already."""


def has_handler(path: Path) -> bool:
    """Whether a path is served by a handler: an archive, or an artifact that was made of one.

    False for a prepared model's artifact, even one that was packed for TorchServe, and for a checkpoint.
    """
    if path.is_file():
        return is_archive(path.name)
    return _is_of_archive(path / MANIFEST_FILE) if is_artifact(path) else is_unpacked_archive(path)


def is_artifact(path: Path) -> bool:
    """Whether a folder has the manifest of a prepared artifact."""
    return (path / MANIFEST_FILE).is_file()


def open_served(
    path: Path,
    name: str | None = None,
    *,
    folder: Path,
    cache: Path,
    options: HandlerOptions | None = None,
    commands: Commands | None = None,
) -> ArchivedModel:
    """Open what a path holds, and install its requirements if that is allowed. Takes seconds: not for the event loop.

    Args:
        path: a path for which `has_handler` is true.
        name: the model's name; the archive's own when None.
        folder: a folder to create, for files that the workers may write to; the caller removes it after they have
            ended. Not used for a writable unpacked archive that lacks no files, which is served in place.
        cache: folder that keeps installed requirements, and files fetched for archives that lack them.
        options: settings of the workers.
        commands: runs pip, so that another thread can end it.

    Raises:
        PreparationFailed: the archive is unsafe, damaged, or cannot be run; its requirements cannot be installed, or
            files that it lacks cannot be fetched.
        CorruptArtifact: the artifact does not match its manifest.
        UserError: there is nothing at the path, or the model's name is invalid.
        GivenUp: `commands` were ended.
    """
    options = options or HandlerOptions()
    if is_artifact(path):
        opened = _changed(_of_artifact(path, name, folder, options), options)
    else:
        opened = open_archive(path, name, folder=folder, settings=options.defaults)
        opened = with_requirements(_changed(opened, options), cache, commands)
    missing = missing_files(opened)
    if path.is_dir() and not is_artifact(path) and (missing or not os.access(opened.directory, os.W_OK)):
        opened = replace(opened, directory=working_copy(opened.directory, folder))
    return with_borrowed_files(opened, missing, cache) if missing else opened


def _changed(opened: ArchivedModel, options: HandlerOptions) -> ArchivedModel:
    return replace(
        opened, settings=changed_settings(opened.settings, options.overrides, f"the settings of model {opened.name}")
    )


def _is_of_archive(manifest: Path) -> bool:
    try:
        return read_manifest(manifest.read_text(encoding="utf-8")).is_of_archive
    except (OSError, ValueError):
        return False  # opening it as an artifact reports what is wrong


def _of_artifact(path: Path, name: str | None, folder: Path, options: HandlerOptions) -> ArchivedModel:
    """Open the archive in a verified artifact, which is not changed: the handler gets a copy."""
    artifact = open_artifact(path)
    copy = working_copy(artifact.path / ARCHIVE_FOLDER, folder)
    opened = open_archive(copy, name, folder=folder, settings=options.defaults)
    packages = (artifact.path / PACKAGES_FOLDER).resolve()
    return replace(opened, packages=packages if packages.is_dir() else None)
