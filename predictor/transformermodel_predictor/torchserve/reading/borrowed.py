"""What an archive of the ancestor's handler lacks, fetched before its workers start: all of them see the same."""

import hashlib
import logging
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transformermodel_api.errors import PreparationFailed, UserError
from transformermodel_predictor.torchserve.ancestor.completing import Lacking, borrow
from transformermodel_predictor.torchserve.ancestor.setup import read_setup
from transformermodel_predictor.torchserve.archived_model import ArchivedModel

_log = logging.getLogger(__name__)

_ANCESTOR = "Transformer_handler_generalized"
_TORCHSCRIPT = "torchscript"


@dataclass(frozen=True)
class Missing:
    """What an archive lacks, and where it is.

    Attributes:
        lacking: of its model's files.
        model_name: the model at the hub that has them.
        derived: whether its handler is one of its own, which may do without them.
    """

    lacking: Lacking
    model_name: str
    derived: bool


def missing_files(archived: ArchivedModel) -> Missing | None:
    """What an archive lacks that our handler in the ancestor's place would have to fetch; None where it needs nothing.

    An archive that brings the ancestor's own file runs that file, which fetches what it wants itself.
    """
    names = {path.name for path in archived.directory.iterdir() if path.is_file()}
    derived = not archived.manifest.handler.startswith(_ANCESTOR)
    if f"{_ANCESTOR}.py" in names or (derived and not _imports_ancestor(archived)):
        return None
    try:
        configuration = read_setup(archived.configuration, archived.directory).configuration
    except UserError:  # which the handler tells when it is loaded
        return None
    lacking = Lacking.of(names, configured=configuration.save_mode != _TORCHSCRIPT)
    if lacking is None:
        return None
    return Missing(lacking, configuration.model_name, derived)


def with_borrowed_files(
    archived: ArchivedModel, missing: Missing, cache: Path | None = None, environment: Mapping[str, str] = os.environ
) -> ArchivedModel:
    """The model with what its archive lacks copied into its folder.

    Args:
        archived: the model, whose folder may be written.
        missing: what it lacks.
        cache: folder of this machine in which a model's files stay those of the commit that they were at first; None
            asks the hub again.
        environment: says which hub.

    Raises:
        PreparationFailed: it cannot be had; the message says why. For a handler of its own the log says it instead.
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
    """The files of a model, in a folder that is called like their commit: those that were fetched first."""
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
        except OSError:  # somebody else was faster
            if not place.is_dir():
                raise
    return sorted(place.iterdir())[0]


def _imports_ancestor(archived: ArchivedModel) -> bool:
    """Whether a file of the archive's own speaks of the ancestor's module."""
    return any(_ANCESTOR.encode() in file.read_bytes() for file in archived.directory.glob("*.py"))
