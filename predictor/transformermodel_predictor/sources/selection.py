"""Which files of a source are needed. Pure."""

import json
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from pathlib import PurePosixPath
from typing import Protocol

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.unpacking import ARCHIVE_SUFFIXES, is_archive

_CONFIGURATION = frozenset({"adapter_config.json", "config.json", "generation_config.json"})
_TORCHSERVE = frozenset({"index_to_name.json", "model-config.yaml", "setup_config.json"})
_TOKENIZER = frozenset(
    {
        "added_tokens.json",
        "bpe.codes",
        "chat_template.jinja",
        "merges.txt",
        "sentencepiece.bpe.model",
        "special_tokens_map.json",
        "spiece.model",
        "tokenizer.json",
        "tokenizer.model",
        "tokenizer_config.json",
        "vocab.json",
        "vocab.txt",
    }
)
_CODE = re.compile(r"[A-Za-z_]\w*\.py")
_TRAINING = re.compile(r"(training_args|optimizer|scheduler|scaler|rng_state.*|.*_states)\.(bin|pt|pth)")
"""Files that trainers leave beside the weights."""
_UNREAD = re.compile(r".+\.(h5|msgpack|onnx|ckpt)")


class Selection(Protocol):
    """Selects the files to read from a source."""

    def __call__(self, names: Collection[str], origin: str, read: Callable[[str], str], /) -> tuple[str, ...]:
        """Select from all file names at the top of a folder; returns the selected names, sorted.

        Args:
            names: of all files.
            origin: the uri, for messages.
            read: returns the text of a small file.

        Raises:
            PreparationFailed: a required file is missing.
        """
        ...


class WeightsKind(StrEnum):
    """How a source stores its weights, in the order in which they are preferred."""

    Safetensors = "safetensors"
    GGUF = "GGUF"
    Torch = "PyTorch"
    """Files of torch.save or torch.jit.save: pickles, which are opened with care."""


@dataclass(frozen=True)
class Weights:
    """The files with a source's weights.

    Attributes:
        kind: how they are stored.
        files: their names, sorted.
        index: the file that maps tensors to files, if there are several.
    """

    kind: WeightsKind
    files: tuple[str, ...]
    index: str | None = None


_Candidate = tuple[WeightsKind, str | re.Pattern[str]]

_PREFERRED: tuple[_Candidate, ...] = (
    (WeightsKind.Safetensors, "adapter_model.safetensors"),
    (WeightsKind.Safetensors, "model.safetensors"),
    (WeightsKind.Safetensors, "model.safetensors.index.json"),
    (WeightsKind.GGUF, re.compile(r".+\.gguf")),
    (WeightsKind.Torch, "adapter_model.bin"),
    (WeightsKind.Torch, "pytorch_model.bin"),
    (WeightsKind.Torch, "pytorch_model.bin.index.json"),
    (WeightsKind.Torch, re.compile(r".+\.(bin|pt|pth)")),
)


def needed_files(
    names: Collection[str], origin: str, read: Callable[[str], str], *, code: bool = False, weights: bool = True
) -> tuple[str, ...]:
    """The files of a checkpoint or an adapter among all names at the top of its folder, sorted.

    Only configuration, tokenizer and one kind of weights: nothing else is downloaded.

    Args:
        names: of all files.
        origin: the uri, for messages.
        read: returns the text of a small file; called for an index of shards.
        code: whether to include Python files, because they may run.
        weights: whether to include the weights; configuration and tokenizer always are.

    Raises:
        PreparationFailed: UnsupportedSource, there are no weights that can be read.
    """
    found = find_weights(names, origin, read) if weights else None
    beside = {name for name in names if name in _CONFIGURATION | _TORCHSERVE | _TOKENIZER}
    programs = {name for name in names if code and _CODE.fullmatch(name)}
    index = {found.index} if found and found.index else set()
    return tuple(sorted({*(found.files if found else ()), *index, *beside, *programs}))


def checkpoint_files(*, code: bool = False, weights: bool = True) -> Selection:
    """`needed_files` with these arguments, as a `Selection`."""
    return partial(needed_files, code=code, weights=weights)


def or_archive(selection: Selection) -> Selection:
    """The selection; if it finds nothing, and there are no weights, the only archive."""

    def select(names: Collection[str], origin: str, read: Callable[[str], str], /) -> tuple[str, ...]:
        archives = sorted(name for name in names if is_archive(name))
        try:
            return selection(names, origin, read)
        except PreparationFailed:
            if not archives or any(_matches(name, wanted) for name in names for _, wanted in _PREFERRED):
                raise
        if len(archives) > 1:
            raise _unsupported(f"{origin} has no weights but several archives ({', '.join(archives)}): leave one.")
        return (archives[0],)

    return select


def whole_archive(names: Collection[str], origin: str, read: Callable[[str], str], /) -> tuple[str, ...]:
    """Selects the only archive, to be used without unpacking.

    Raises:
        PreparationFailed: UnsupportedSource, there is none, or there are several.
    """
    archives = sorted(name for name in names if is_archive(name))
    if not archives:
        raise _unsupported(f"{origin} holds no archive ({', '.join(ARCHIVE_SUFFIXES)}): name one in the uri.")
    if len(archives) > 1:
        raise _unsupported(f"{origin} holds several archives ({', '.join(archives)}): name one of them in the uri.")
    return (archives[0],)


def find_weights(names: Collection[str], origin: str, read: Callable[[str], str]) -> Weights:
    """The weights to use; of several formats, those that cannot contain code are preferred.

    Raises:
        PreparationFailed: UnsupportedSource, there are none, several alternatives, or an incomplete set.
    """
    for kind, wanted in _PREFERRED:
        if isinstance(wanted, re.Pattern):
            found = sorted(name for name in names if _matches(name, wanted))
            if found:
                return Weights(kind, (_only(found, origin),))
        elif wanted in names:
            is_index = wanted.endswith(".index.json")
            return Weights(kind, _shards(wanted, names, origin, read), wanted) if is_index else Weights(kind, (wanted,))
    raise _unsupported(f"{origin} has no safetensors weights ({_found_instead(names)}).")


def _found_instead(names: Collection[str]) -> str:
    if unread := sorted(name for name in names if _UNREAD.fullmatch(name)):
        return f"only {unread[0]}, which is not read"
    if archives := sorted(name for name in names if is_archive(name)):
        return f"only the archive {archives[0]}: name it in the uri"
    return "no weights at all"


def _matches(name: str, wanted: str | re.Pattern[str]) -> bool:
    """Whether a file matches a preferred name of weights."""
    if isinstance(wanted, str):
        return name == wanted
    return wanted.fullmatch(name) is not None and not _TRAINING.fullmatch(name)


def _only(names: list[str], origin: str) -> str:
    if len(names) > 1:
        raise _unsupported(f"{origin} has several files of weights ({', '.join(names)}): leave one of them.")
    return names[0]


def _shards(index: str, names: Collection[str], origin: str, read: Callable[[str], str]) -> tuple[str, ...]:
    """The files that an index names."""
    try:
        document = json.loads(read(index))
    except ValueError as error:
        raise _unsupported(f"{index} of {origin} is not JSON ({error}).") from error
    places = document.get("weight_map") if isinstance(document, dict) else None
    if not isinstance(places, dict) or not places or not all(isinstance(name, str) for name in places.values()):
        raise _unsupported(f"{index} of {origin} names no files.")
    shards = tuple(sorted(set(places.values())))
    for name in shards:
        if PurePosixPath(name).name != name:
            raise _unsupported(f"{index} of {origin} names the file {name!r}, which leaves the folder.")
        if name not in names:
            raise _unsupported(f"{origin} has no {name}.")
    return shards


def _unsupported(message: str) -> PreparationFailed:
    return PreparationFailed(FailureReason.UnsupportedSource, message)
