"""Fetches files that an archive for the generalized handler lacks, before its workers start, so that all use the same.

Such archives have weights, but often neither tokenizer nor config.json: the handler takes them from the hub.
"""

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_predictor.torchserve.ancestor.completing import MissingFiles, borrow
from transformermodel_predictor.torchserve.ancestor.setup import read_setup
from transformermodel_predictor.torchserve.archived_model import ArchivedModel

_log = logging.getLogger(__name__)

_ANCESTOR = "Transformer_handler_generalized"
_TORCHSCRIPT = "torchscript"


@dataclass(frozen=True)
class Missing:
    """The files that an archive lacks, and their source.

    Attributes:
        lacking: the missing files of its model.
        model_name: the model on the hub that has them.
        derived: whether the archive's own handler derives from the generalized one, and may not need the files.
    """

    lacking: MissingFiles
    model_name: str
    derived: bool


def missing_files(archived: ArchivedModel) -> Missing | None:
    """The files that our version of the generalized handler would have to fetch; None if it needs none.

    An archive that contains TorchServe's own file of the handler runs that, which fetches what it needs itself.
    """
    names = {path.name for path in archived.directory.iterdir() if path.is_file()}
    derived = not archived.manifest.handler.startswith(_ANCESTOR)
    if f"{_ANCESTOR}.py" in names or (derived and not _imports_ancestor(archived)):
        return None
    try:
        configuration = read_setup(archived.configuration, archived.directory).configuration
    except UserError:  # reported when the handler is loaded
        return None
    lacking = MissingFiles.of(names, configured=configuration.save_mode != _TORCHSCRIPT)
    if lacking is None:
        return None
    return Missing(lacking, configuration.model_name, derived)


def with_borrowed_files(
    archived: ArchivedModel, missing: Missing, cache: Path | None = None, environment: Mapping[str, str] = os.environ
) -> ArchivedModel:
    """Copy the missing files into the archive's folder.

    Args:
        archived: the model, whose folder must be writable.
        missing: the files that it lacks.
        cache: folder that keeps a model's files, always of the commit that was fetched first; None fetches them anew.
        environment: configures the hub.

    Raises:
        PreparationFailed: the files cannot be fetched. For a derived handler this is only logged.
    """
    try:
        if cache is None:
            with tempfile.TemporaryDirectory(prefix="borrowed-") as place:
                _copy(borrow(archived.name, missing.model_name, Path(place)), archived, missing)
        else:
            _copy(_kept(archived.name, missing.model_name, cache, environment), archived, missing)
    except PreparationFailed as error:
        if not missing.derived:
            raise
        _log.warning("%s", error.message)
    return archived


def _copy(borrowed: Path, archived: ArchivedModel, missing: Missing) -> None:
    there = {path.name for path in archived.directory.iterdir()}
    for file in missing.lacking.among(borrowed, there):
        shutil.copyfile(file, archived.directory / file.name)


def _kept(name: str, model_name: str, cache: Path, environment: Mapping[str, str]) -> Path:
    """The cached files of a model, fetched if there are none, in a folder named after their commit."""
    from transformermodel_predictor.sources.hub_access import HubAccess  # slow to import

    key = f"{HubAccess.of(environment).shown} {model_name}"
    place = cache / f"borrowed-{hashlib.sha256(key.encode()).hexdigest()[:16]}"
    if place.is_dir() and (kept := sorted(place.iterdir())):
        _log.warning("the archive %r lacks files of its model: they are those of %s in %s", name, model_name, kept[0])
        return kept[0]
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        fetched = borrow(name, model_name, Path(folder) / "borrowed")
        try:
            fetched.parent.rename(place)
        except OSError:  # another process was faster
            if not place.is_dir():
                raise
    return sorted(place.iterdir())[0]


def _imports_ancestor(archived: ArchivedModel) -> bool:
    """Whether a Python file of the archive mentions the generalized handler's module."""
    return any(_ANCESTOR.encode() in file.read_bytes() for file in archived.directory.glob("*.py"))
