"""Completes an archive's folder: archives have weights, but often neither tokenizer nor config.json."""

import logging
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from transformermodel_predictor.progress import Unwatched

_log = logging.getLogger(__name__)

_CONFIGURATION = "config.json"
_VOCABULARIES = frozenset(
    {
        "bpe.codes",
        "sentencepiece.bpe.model",
        "spiece.model",
        "tokenizer.json",
        "tokenizer.model",
        "vocab.json",
        "vocab.txt",
    }
)
"""Files that contain a tokenizer's vocabulary; its other files are only settings."""
_STANDARD_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
_STANDARD_NAMES = {".safetensors": "model.safetensors", ".bin": "pytorch_model.bin", ".pth": "pytorch_model.bin"}


@dataclass(frozen=True)
class MissingFiles:
    """The files of its model that an archive lacks.

    Attributes:
        tokenizer: whether it lacks the tokenizer.
        configuration: whether it lacks a config.json that it needs; a traced graph does not need one.
    """

    tokenizer: bool
    configuration: bool

    @classmethod
    def of(cls, names: Collection[str], *, configured: bool) -> "MissingFiles | None":
        """The files missing among an archive's file names; None if it is complete."""
        lacking = cls(not _VOCABULARIES.intersection(names), configured and _CONFIGURATION not in names)
        return lacking if lacking.tokenizer or lacking.configuration else None

    def among(self, borrowed: Path, there: Collection[str]) -> list[Path]:
        """The files to take from another model's folder: all of a tokenizer, or config.json alone."""
        files = [file for file in borrowed.iterdir() if file.is_file() and file.name not in there]
        return files if self.tokenizer else [file for file in files if file.name == _CONFIGURATION]


@contextmanager
def completed(folder: Path, name: str, model_name: str, serialized: str | None, *, configured: bool) -> Iterator[Path]:
    """A folder that transformers can load: the archive's own, or one with links to its files and the missing ones.

    Args:
        folder: the archive's folder.
        name: the archive's name, for messages.
        model_name: the model on the hub that has the missing files.
        serialized: the file with the weights, under any name.
        configured: whether config.json is needed; a traced graph needs none.

    Raises:
        PreparationFailed: the missing files cannot be fetched; the message says why.
    """
    names = {path.name for path in folder.iterdir() if path.is_file()}
    lacking = MissingFiles.of(names, configured=configured)
    renamed = _standard_name(serialized, names)
    if not (lacking or renamed):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="transformermodel-") as place:
        whole = Path(place) / "whole"
        whole.mkdir()
        for file in names:
            (whole / file).symlink_to((folder / file).resolve())
        if renamed and serialized:
            (whole / renamed).symlink_to((folder / serialized).resolve())
        if lacking:
            for path in lacking.among(borrow(name, model_name, Path(place) / "borrowed"), names):
                (whole / path.name).symlink_to(path.resolve())
        yield whole


def borrow(name: str, model_name: str, place: Path) -> Path:
    """Fetch configuration and tokenizer of the model that an archive was made from.

    Args:
        name: the archive's name, for messages.
        model_name: the model on the hub.
        place: the parent of the new folder, which is named after the commit.

    Returns:
        The folder with the files.

    Raises:
        PreparationFailed: the files cannot be fetched; the message says why.
    """
    from transformermodel_predictor.torchserve.tokenizer_source import (  # slow to import
        pin_tokenizer,
        tokenizer_uri,
    )

    origin = f"the archive {name!r}"
    pinned = pin_tokenizer(tokenizer_uri(model_name, origin), origin)
    _log.warning("%s lacks files of its model: they are those of %s", origin, pinned.resolved.identity)
    target = place / pinned.resolved.commit
    found = pinned.source.acquire(pinned.resolved, target, Unwatched())
    return target if found == target else _copied(found, target)


def _copied(snapshot: Path, target: Path) -> Path:
    """Copy the needed files out of huggingface_hub's cache, which may have weights beside them."""
    from transformermodel_predictor.sources.selection import needed_files

    names = [path.name for path in snapshot.iterdir() if path.is_file()]
    target.mkdir(parents=True)
    for wanted in needed_files(names, str(snapshot), lambda name: (snapshot / name).read_text("utf-8"), weights=False):
        shutil.copyfile(snapshot / wanted, target / wanted)
    return target


def _standard_name(serialized: str | None, names: Collection[str]) -> str | None:
    """The name that transformers expects for the weights, if the archive has them under another name only."""
    if serialized is None or serialized not in names or any(name in names for name in _STANDARD_WEIGHTS):
        return None
    return _STANDARD_NAMES.get(Path(serialized).suffix)
