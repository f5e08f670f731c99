"""Describes a handler's exception: its type, message, file and line, and the status for the client."""

import sys
import traceback
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

_LONGEST = 1000
"""Most characters of an exception's message that are passed on."""

_OUT_OF_MEMORY = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED")
"""Parts of CUDA's messages when memory ran out."""

_NO_TOKEN = ("gated repo", "401 Client Error")
"""Parts of the Hub libraries' messages for models that need a token."""

_STATUS_END = 600
"""The first number above HTTP's statuses."""


class NotLoadable(Exception):
    """The handler cannot be loaded; the message says why, in one line.

    Args:
        message: what is wrong, and in which file.
        status: TorchServe's status for it: 500, or 507 if memory ran out.
    """

    def __init__(self, message: str, status: int = HTTPStatus.INTERNAL_SERVER_ERROR) -> None:
        super().__init__(message)
        self.status = status


class NobodyWaits(BaseException):
    """All clients of a batch have gone; raised when its handler sends a piece, so that it stops."""


@dataclass(frozen=True)
class Failure:
    """The failure of a batch.

    Attributes:
        message: for the client.
        status: the HTTP status.
        ends_worker: whether the process has become unusable.
    """

    message: str
    status: int
    ends_worker: bool = False


def failure_of(error: BaseException, directory: Path) -> Failure:
    """The failure for an exception of a handler, whose archive is in the directory."""
    description = f"{described(error)}{located(error, directory)}"
    if requested := _as_prediction_exception(error, description):
        return requested
    if isinstance(error, NobodyWaits):
        return Failure("nobody waits for the answer any more", HTTPStatus.SERVICE_UNAVAILABLE)
    if is_out_of_memory(error):
        return Failure(f"Out of resources: {description}", HTTPStatus.INSUFFICIENT_STORAGE)
    if isinstance(error, SystemExit):
        reason = f"the handler called sys.exit({error.code!r}){located(error, directory)}"
        return Failure(f"Prediction failed: {reason}", HTTPStatus.SERVICE_UNAVAILABLE, ends_worker=True)
    ends_worker = not isinstance(error, Exception) or "CUDA error" in _text(error)  # later calls would fail, too
    return Failure(f"Prediction failed: {description}", HTTPStatus.SERVICE_UNAVAILABLE, ends_worker)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on the machine or on an accelerator."""
    return isinstance(error, MemoryError) or any(words in _text(error) for words in _OUT_OF_MEMORY)


def described(error: BaseException) -> str:
    """An exception in one line: its type and its text."""
    name, text = type(error).__name__, " ".join(_text(error).split())
    return f"{name}: {text[:_LONGEST]}" if text else name


def remedy_of(error: BaseException) -> str:
    """A hint for a handler that the Hub has refused a model; empty for other errors."""
    text = _text(error)
    if any(words in text for words in _NO_TOKEN):
        return (
            "; handlers do not see the server's token for the Hub: give them one in $TRANSFORMERMODEL_HANDLER_HF_TOKEN"
        )
    return ""


def located(error: BaseException, directory: Path) -> str:
    """The origin of an exception, in parentheses: the innermost frame in the archive, else the innermost of all."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({_short(error.filename, directory)}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(directory)]
    frame = (own or frames)[-1]
    return f" ({_short(frame.filename, directory)}, line {frame.lineno}, in {frame.name})"


def _as_prediction_exception(error: BaseException, description: str) -> Failure | None:
    """The failure that a handler requests by raising PredictionException; None for other exceptions."""
    module = sys.modules.get("ts.utils.prediction_exception")  # not imported, so not raised
    if module is None or not isinstance(error, module.PredictionException):
        return None
    status = getattr(error, "error_code", None)  # a subclass may leave out what its base sets
    if isinstance(status, int) and HTTPStatus.BAD_REQUEST <= status < _STATUS_END:
        return Failure(str(getattr(error, "message", description)), int(status))
    reason = f"its error_code {status!r} is no status of an error"
    return Failure(f"Prediction failed: {description}; {reason}", HTTPStatus.SERVICE_UNAVAILABLE)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - the __str__ of a handler's own exception may fail, too
        return "an exception that cannot be put into words"


def _short(filename: str, directory: Path) -> str:
    """A file's path within the archive, else its last two components."""
    path = Path(filename)
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else "/".join(path.parts[-2:])
