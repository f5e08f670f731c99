"""Exhausted resources, which can come to light anywhere: the disk is full, or memory is."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

from safetensors import SafetensorError

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason

_NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NO_SPACE_IN_TEXT = tuple(f"os error {number}" for number in _NO_SPACE)
_NO_MEMORY_IN_TEXT = ("can't allocate memory", "not enough memory", "Cannot allocate memory", "out of memory")


@contextmanager
def resources_classified() -> Iterator[None]:
    """Turn a full disk and exhausted memory into their failure classes, whoever notices them.

    safetensors and torch have exceptions of their own for both, which differ from others only in their text. Whoever
    takes all errors of some work for something else, such as a damaged file, has this around the work itself.

    Raises:
        PreparationFailed: InsufficientStorage or OutOfMemory.
    """
    try:
        yield
    except MemoryError as error:
        raise _out_of_memory() from error
    except OSError as error:
        if error.errno == errno.ENOMEM:
            raise _out_of_memory() from error
        if error.errno not in _NO_SPACE:
            raise
        raise _no_space(error.filename) from error
    except SafetensorError as error:
        if not any(text in str(error) for text in _NO_SPACE_IN_TEXT):
            raise
        raise _no_space(None) from error
    except RuntimeError as error:
        if not any(text in str(error) for text in _NO_MEMORY_IN_TEXT):
            raise
        raise _out_of_memory() from error


def _no_space(file: str | None) -> PreparationFailed:
    place = f" while {file} was written" if file else ""
    return PreparationFailed(FailureReason.InsufficientStorage, f"the disk is full{place}.")


def _out_of_memory() -> PreparationFailed:
    return PreparationFailed(FailureReason.OutOfMemory, "the model does not fit into memory.")
