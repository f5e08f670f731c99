"""What went wrong with a request, and the HTTP status that tells it."""

from dataclasses import dataclass

from transformermodel_predictor.batching import Overloaded
from transformermodel_predictor.tasks.task import InvalidQuestion


class InvalidRequest(ValueError):
    """A request that its protocol cannot read; the text says what would be right."""


class UnknownModel(LookupError):
    """There is no model of this name here."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no model {name!r} here")


class ModelNotReady(Exception):
    """The model is being loaded, or could not be; the text says which."""


class BodyTooLarge(Exception):
    """The request's body has more bytes than the server accepts."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"the body has more than {limit} bytes; send fewer texts in one request")


_STATUS: dict[type[Exception], int] = {
    InvalidQuestion: 400,
    InvalidRequest: 400,
    UnknownModel: 404,
    BodyTooLarge: 413,
    ModelNotReady: 503,
    Overloaded: 503,
}

EXPECTED = tuple(_STATUS)
"""The exceptions that are answers to a client; any other is a fault of the server."""

_RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True)
class Refusal:
    """An error as a client sees it.

    Attributes:
        status: the HTTP status.
        message: one line.
        retry_after: seconds after which to try again, where that helps.
    """

    status: int
    message: str
    retry_after: int | None = None

    @property
    def document(self) -> dict[str, str]:
        """The body, the same in V1 and V2."""
        return {"error": self.message}


def refusal(error: Exception) -> Refusal:
    """What a client is told. The text of an unexpected error stays in the log: it may hold somebody's data."""
    for kind, status in _STATUS.items():
        if isinstance(error, kind):
            return Refusal(status, str(error), _RETRY_AFTER_SECONDS if status == 503 else None)
    return Refusal(500, "the server failed to answer; its log says why")
