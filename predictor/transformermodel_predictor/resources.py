"""Classifies exhausted disk space, memory, threads, processes and open files, however a library reports them."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from safetensors import SafetensorError

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_api.machine import exhaustion
from transformermodel_predictor.transfer.space import free_bytes

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NO_SPACE_IN_TEXT = {f"os error {number}": number for number in _NO_SPACE}
_NO_MEMORY_IN_TEXT = ("can't allocate memory", "not enough memory", "Cannot allocate memory", "out of memory")


class DiskFull(PreparationFailed):
    """The disk, or a quota on it, is full.

    Attributes:
        number: the `errno`.
        place: the file or its folder; None while unknown.
    """

    def __init__(self, number: int, place: Path | None) -> None:
        self.number = number
        self.place = place
        message = "the disk is full."
        if place is not None:
            room = f"its disk has room for {free_bytes(place) / 1e6:,.1f} MB, and more is needed"
            message = f"{place} could not be written ({os.strerror(number)}): {room}."
        super().__init__(FailureReason.InsufficientStorage, message)


@contextmanager
def resources_classified(folder: Path | None = None) -> Iterator[None]:
    """Turn errors of a full disk, of exhausted memory and of reached limits into their failure classes.

    safetensors, tokenizers and torch raise exceptions of their own for these, which only their text distinguishes. Code
    that takes all errors of some work for another failure, such as a damaged file, must wrap the work in this.

    Args:
        folder: where the work writes; named in the message if the error does not name a file.

    Raises:
        PreparationFailed: InsufficientStorage, OutOfMemory, or MachineRefused: no more threads, processes or files.
    """
    try:
        yield
    except DiskFull as error:
        if error.place is not None or folder is None:
            raise
        raise DiskFull(error.number, folder) from error
    except MemoryError as error:
        raise _out_of_memory() from error
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise _out_of_memory() from error
        if error.errno in _NO_SPACE:
            raise DiskFull(error.errno, Path(error.filename) if isinstance(error.filename, str) else folder) from error
        if (refused := exhaustion(error)) is None:
            raise
        raise PreparationFailed(FailureReason.MachineRefused, refused) from error
    except RuntimeError as error:
        if any(text in str(error) for text in _NO_MEMORY_IN_TEXT):
            raise _out_of_memory() from error
        if (refused := exhaustion(error)) is None:
            raise
        raise PreparationFailed(FailureReason.MachineRefused, refused) from error
    except Exception as error:
        number = next((number for text, number in _NO_SPACE_IN_TEXT.items() if text in str(error)), None)
        if number is None or not _is_of_rust(error):
            raise
        raise DiskFull(number, folder) from error


def _is_of_rust(error: Exception) -> bool:
    """Whether an error comes from safetensors, or from tokenizers, which raises plain `Exception`."""
    return isinstance(error, SafetensorError) or type(error) is Exception


def _out_of_memory() -> PreparationFailed:
    return PreparationFailed(FailureReason.OutOfMemory, "the model does not fit into memory.")
