"""What a server is given to serve with somebody's handler, whichever form it has."""

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
"""Folder of an artifact with what the archive requires, where that was installed."""

INSTALLED_REQUIREMENTS = "installed-requirements.txt"
"""File in that folder: what was required. The server may have had all of it."""


def has_handler(path: Path) -> bool:
    """Whether somebody's handler answers for what is at a path: an archive, or an artifact that was made of one.

    An artifact of ours that was packed for TorchServe, or a checkpoint, is none.
    """
    if path.is_file():
        return is_archive(path.name)
    return _is_of_archive(path / MANIFEST_FILE) if is_artifact(path) else is_unpacked_archive(path)


def is_artifact(path: Path) -> bool:
    """Whether a folder is what a preparation has made, or says so."""
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
    """Open what is served, with its requirements installed where they may be; works for seconds, off the event loop.

    Args:
        path: what `has_handler` says yes to.
        name: the model's name; the archive's own when None.
        folder: a folder that is not there yet for what the workers may write to; the caller removes it when they have
            ended. Unused for an unpacked archive that may be written and lacks nothing, which is served where it is.
        cache: folder of this machine in which installed requirements, and what archives lack, are found again.
        options: how the workers are run.
        commands: runs what requirements are installed with, so that somebody else can end it.

    Raises:
        PreparationFailed: the archive is unsafe, damaged, or cannot be run; its requirements cannot be installed, or
            what it lacks cannot be had.
        CorruptArtifact: the artifact is not what its manifest says.
        UserError: nothing is there, or the name cannot be a model's.
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
        return False  # whoever opens it as an artifact says what is wrong


def _of_artifact(path: Path, name: str | None, folder: Path, options: HandlerOptions) -> ArchivedModel:
    """Opened from a verified artifact, which stays as it is: the handler gets a copy."""
    artifact = open_artifact(path)
    copy = working_copy(artifact.path / ARCHIVE_FOLDER, folder)
    opened = open_archive(copy, name, folder=folder, settings=options.defaults)
    packages = (artifact.path / PACKAGES_FOLDER).resolve()
    return replace(opened, packages=packages if packages.is_dir() else None)
