"""Reads state dicts from torch.save files, without executing code in pickles."""

import pickle
import pickletools
import re
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.pretrained import listed, one_line
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.resources import resources_classified

_WRAPPERS = ("state_dict", "model_state_dict", "model")
"""Keys under which trainers store the weights beside other things."""

_PARALLEL = "module."
"""Prefix of each name from torch's data-parallel wrappers."""

_REFUSED = re.compile(r"GLOBAL ([\w.]+)")
_STRINGS = frozenset({"SHORT_BINUNICODE", "BINUNICODE", "UNICODE"})


def read_state_dict(files: Sequence[Path], origin: str, *, trusted: bool) -> dict[str, torch.Tensor]:
    """The tensors of one or several files by name, memory-mapped where the format allows it.

    Args:
        files: written by torch.save.
        origin: the uri, for messages.
        trusted: whether code in the files may run.

    Raises:
        PreparationFailed: RemoteCodeForbidden, a file is more than weights, with what it would call;
            UnsupportedSource, it is damaged or holds no tensors.
    """
    state: dict[str, torch.Tensor] = {}
    for file in files:
        state |= _tensors(_load(file, origin, trusted=trusted), f"{file.name} of {origin}")
    return state


def is_traced(file: Path) -> bool:
    """Whether a file is TorchScript: a graph, not just weights."""
    if not zipfile.is_zipfile(file):
        return False
    with zipfile.ZipFile(file) as archive:
        return any(name.endswith("/constants.pkl") for name in archive.namelist())


def _load(file: Path, origin: str, *, trusted: bool) -> object:
    options: dict[str, Any] = {"map_location": "cpu", "mmap": zipfile.is_zipfile(file)}
    try:
        with resources_classified(), quiet():
            return torch.load(file, weights_only=True, **options)
    except pickle.UnpicklingError as error:
        if not trusted:
            raise _refusal(file, origin, error) from error
    except (RuntimeError, EOFError, ValueError) as error:
        raise _damaged(file, origin, error) from error
    try:
        with resources_classified(), quiet():
            return torch.load(file, weights_only=False, **options)
    except PreparationFailed:
        raise
    except Exception as error:  # a pickle may call anything, which may raise anything
        raise _damaged(file, origin, error) from error


def _refusal(file: Path, origin: str, error: Exception) -> PreparationFailed:
    """The failure for a file that torch refuses to read as weights: a pickle that calls something, or no pickle."""
    try:
        named = _REFUSED.search(str(error))
        called = listed(_unsafe(file)) if zipfile.is_zipfile(file) else named[1] if named else listed(_globals(file))
    except ValueError as broken:
        return _damaged(file, origin, broken)
    return PreparationFailed(
        FailureReason.RemoteCodeForbidden,
        f"{file.name} of {origin} is more than weights: reading it would call {called or 'something unknown'}.",
    )


def _unsafe(file: Path) -> list[str]:
    """Names of functions, not known to be harmless, that the pickle in a torch.save file would call."""
    return torch.serialization.get_unsafe_globals_in_checkpoint(file)


def _globals(file: Path) -> list[str]:
    """The names that a plain pickle imports. Its opcodes are listed, not executed."""
    found, strings = [], ["", ""]
    with file.open("rb") as stream:
        for instruction, argument, _ in pickletools.genops(stream):
            if instruction.name in _STRINGS:
                strings.append(str(argument))
            elif instruction.name == "STACK_GLOBAL":
                found.append(".".join(strings[-2:]))
            elif instruction.name == "GLOBAL":
                found.append(str(argument).replace(" ", "."))
    return found


def _tensors(document: object, what: str) -> dict[str, torch.Tensor]:
    if isinstance(document, torch.nn.Module):
        document = document.state_dict()
    if isinstance(document, Mapping):
        inner = next((document[name] for name in _WRAPPERS if isinstance(document.get(name), Mapping)), document)
        tensors = {
            str(name).removeprefix(_PARALLEL): value for name, value in inner.items() if isinstance(value, torch.Tensor)
        }
        if tensors:
            return tensors
    raise PreparationFailed(FailureReason.UnsupportedSource, f"{what} holds no weights by name.")


def _damaged(file: Path, origin: str, error: Exception) -> PreparationFailed:
    return PreparationFailed(
        FailureReason.UnsupportedSource, f"{file.name} of {origin} is cut or damaged ({one_line(error)})."
    )
