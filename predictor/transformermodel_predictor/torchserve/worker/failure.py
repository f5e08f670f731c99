"""What is told of a handler's exception: what it was, and in which file and line."""

import sys
import traceback
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path

_LONGEST = 1000
"""Characters of an exception's text that are passed on."""

_OUT_OF_MEMORY = ("out of memory", "CUBLAS_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED")
"""What CUDA's exceptions say where memory ran out."""

_NO_TOKEN = ("gated repo", "401 Client Error")
"""What the Hub's libraries say where a model is not for everybody."""

_NO_STATUS = 600
"""Where HTTP's statuses end."""


class NotLoadable(Exception):
    """The handler cannot be loaded; the text says why, in one line, for people.

    Args:
        message: what is wrong, in which file.
        status: TorchServe's status for it: 500, or 507 where memory ran out.
    """

    def __init__(self, message: str, status: int = HTTPStatus.INTERNAL_SERVER_ERROR) -> None:
        super().__init__(message)
        self.status = status


class NobodyWaits(BaseException):
    """All clients have gone: raised where a handler sends them something, so that it ends what it is doing."""


@dataclass(frozen=True)
class Failure:
    """What becomes of a batch that raised.

    Attributes:
        message: for the client.
        status: the HTTP status.
        ends_worker: whether the process is of no use any more.
    """

    message: str
    status: int
    ends_worker: bool = False


def failure_of(error: BaseException, directory: Path) -> Failure:
    """What is answered where a handler raises."""
    told = f"{described(error)}{located(error, directory)}"
    if asked_for := _as_prediction_exception(error, told):
        return asked_for
    if isinstance(error, NobodyWaits):
        return Failure("nobody waits for the answer any more", HTTPStatus.SERVICE_UNAVAILABLE)
    if is_out_of_memory(error):
        return Failure(f"Out of resources: {told}", HTTPStatus.INSUFFICIENT_STORAGE)
    if isinstance(error, SystemExit):
        left = f"the handler called sys.exit({error.code!r}){located(error, directory)}"
        return Failure(f"Prediction failed: {left}", HTTPStatus.SERVICE_UNAVAILABLE, ends_worker=True)
    ends_worker = not isinstance(error, Exception) or "CUDA error" in _text(error)  # which no later call outlives
    return Failure(f"Prediction failed: {told}", HTTPStatus.SERVICE_UNAVAILABLE, ends_worker)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, the machine's or an accelerator's."""
    return isinstance(error, MemoryError) or any(words in _text(error) for words in _OUT_OF_MEMORY)


def described(error: BaseException) -> str:
    """An exception in one line: its type and its text."""
    name, text = type(error).__name__, " ".join(_text(error).split())
    return f"{name}: {text[:_LONGEST]}" if text else name


def remedy_of(error: BaseException) -> str:
    """What may help where a handler was refused a model of the Hub; empty for all else."""
    text = _text(error)
    if any(words in text for words in _NO_TOKEN):
        return (
            "; handlers do not see the server's token for the Hub: give them one in $TRANSFORMERMODEL_HANDLER_HF_TOKEN"
        )
    return ""


def located(error: BaseException, directory: Path) -> str:
    """Where an exception came from, in brackets: the innermost line of the archive, else the innermost of all."""
    if isinstance(error, SyntaxError) and error.filename:
        return f" ({_short(error.filename, directory)}, line {error.lineno})"
    frames = traceback.extract_tb(error.__traceback__)
    if not frames:
        return ""
    own = [frame for frame in frames if Path(frame.filename).is_relative_to(directory)]
    frame = (own or frames)[-1]
    return f" ({_short(frame.filename, directory)}, line {frame.lineno}, in {frame.name})"


def _as_prediction_exception(error: BaseException, told: str) -> Failure | None:
    """The failure that a handler has asked for; only who has imported the exception can have raised it."""
    module = sys.modules.get("ts.utils.prediction_exception")
    if module is None or not isinstance(error, module.PredictionException):
        return None
    status = getattr(error, "error_code", None)  # a subclass may leave out what its base sets
    if isinstance(status, int) and HTTPStatus.BAD_REQUEST <= status < _NO_STATUS:
        return Failure(str(getattr(error, "message", told)), int(status))
    wrong = f"its error_code {status!r} is no status of an error"
    return Failure(f"Prediction failed: {told}; {wrong}", HTTPStatus.SERVICE_UNAVAILABLE)


def _text(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # noqa: BLE001 - a handler's own exception, whose text may be broken as well
        return "an exception that cannot be put into words"


def _short(filename: str, directory: Path) -> str:
    """A file as people know it: within the archive, else its last two names."""
    path = Path(filename)
    return str(path.relative_to(directory)) if path.is_relative_to(directory) else "/".join(path.parts[-2:])
