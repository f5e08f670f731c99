"""An archive's folder with what it lacks: archives hold weights, and often neither tokenizer nor config.json."""

import logging
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from transformermodel_predictor.progress import Step

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
"""Any of these is a tokenizer's own; the other files of a tokenizer only describe it."""
_STANDARD_WEIGHTS = ("model.safetensors", "model.safetensors.index.json", "pytorch_model.bin")
_STANDARD_NAMES = {".safetensors": "model.safetensors", ".bin": "pytorch_model.bin", ".pth": "pytorch_model.bin"}


@contextmanager
def completed(folder: Path, name: str, model_name: str, serialized: str | None, *, configured: bool) -> Iterator[Path]:
    """A folder from which transformers can load: the archive's, or one of links to its files and to those it lacks.

    Args:
        folder: the archive's.
        name: what messages call it.
        model_name: the model at the hub that has what is missing.
        serialized: the file with the weights, whose name may be any.
        configured: whether config.json is needed; a graph needs none.

    Raises:
        PreparationFailed: what is missing cannot be had; the message says why.
    """
    names = {path.name for path in folder.iterdir() if path.is_file()}
    lacks_tokenizer = not names & _VOCABULARIES
    lacks_configuration = configured and _CONFIGURATION not in names
    renamed = _standard_name(serialized, names)
    if not (lacks_tokenizer or lacks_configuration or renamed):
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="transformermodel-") as place:
        whole = Path(place) / "whole"
        whole.mkdir()
        for file in names:
            (whole / file).symlink_to((folder / file).resolve())
        if renamed and serialized:
            (whole / renamed).symlink_to((folder / serialized).resolve())
        if lacks_tokenizer or lacks_configuration:
            borrowed = _borrowed(name, model_name, Path(place) / "borrowed")
            unwanted = set() if lacks_tokenizer else _tokenizer_files(borrowed)
            _link_missing(borrowed, whole, names | unwanted)
        yield whole


def _borrowed(name: str, model_name: str, folder: Path) -> Path:
    """Configuration and tokenizer of the model that the archive was made from."""
    from transformermodel_predictor.preparation.torchserve_script.tokenizer_source import (  # slow to import
        pin_tokenizer,
        tokenizer_uri,
    )

    origin = f"the archive {name!r}"
    pinned = pin_tokenizer(tokenizer_uri(model_name, origin), origin)
    _log.warning("%s lacks files of its model: they are those of %s", origin, pinned.resolved.identity)
    return pinned.source.acquire(pinned.resolved, folder, _Unwatched())


def _link_missing(borrowed: Path, whole: Path, there: Collection[str]) -> None:
    for file in borrowed.iterdir():
        if file.is_file() and file.name not in there:
            (whole / file.name).symlink_to(file.resolve())


def _tokenizer_files(borrowed: Path) -> set[str]:
    """All but config.json: a tokenizer is not put together from two."""
    return {file.name for file in borrowed.iterdir()} - {_CONFIGURATION}


def _standard_name(serialized: str | None, names: Collection[str]) -> str | None:
    """The name under which transformers looks for weights, where the archive has them under another one alone."""
    if serialized is None or serialized not in names or any(name in names for name in _STANDARD_WEIGHTS):
        return None
    return _STANDARD_NAMES.get(Path(serialized).suffix)


class _Unwatched:
    """Nobody watches: the files are small. Implements `Progress`."""

    def step(self, step: Step, detail: str) -> None:
        """A step begins."""

    def bytes(self, done: int, total: int) -> None:
        """Something has come."""
