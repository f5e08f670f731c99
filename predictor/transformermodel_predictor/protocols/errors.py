"""The errors of requests, with their HTTP statuses and gRPC codes."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from transformermodel_predictor.batching import Overloaded
from transformermodel_predictor.device_thread import ShutDown
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.torchserve.call import HandlerFailed, HandlerUnavailable

_NAMED_MODELS = 5
"""Most models that an error names: enough to spot a typo, few enough for one line."""
_LONGEST_COMPARED = 253
"""Most characters of a name compared with others: no model's name is longer, and the cost grows with the length."""


class InvalidRequest(ValueError):
    """A request that its protocol cannot read; the message says what would be right.

    Args:
        message: one line for the client.
        field: the member of the body at fault, if it is a single one.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Unauthorized(Exception):
    """The request does not carry the server's token."""

    def __init__(self) -> None:
        super().__init__("this server wants a token: send the header Authorization: Bearer TOKEN")


class UnknownModel(LookupError):
    """The server has no model of this name; the message lists its models, similar names first, or a few of many."""

    field = "model"

    def __init__(self, name: str, known: Sequence[str] = ()) -> None:
        super().__init__(f"there is no model {name!r} here; {_suggestion(name, known)}")


def _suggestion(name: str, known: Sequence[str]) -> str:
    if not known:
        return "the server has none"
    similar = get_close_matches(name[:_LONGEST_COMPARED], known, n=_NAMED_MODELS)
    names = list(dict.fromkeys([*similar, *known]))[:_NAMED_MODELS]
    listed = ", ".join(map(repr, names))
    if len(known) > len(names):
        return f"there are {len(known)}, such as {listed}"
    return f"there {'is' if len(names) == 1 else 'are'} {listed}"


class UnknownVersion(LookupError):
    """The server has the model, but not in this version."""

    def __init__(self, name: str, version: str, known: Sequence[str]) -> None:
        has = f"it is version {known[0]!r}" if len(known) == 1 else f"it has {', '.join(map(repr, known))}"
        super().__init__(f"model {name!r} has no version {version!r}; {has}")


class UnknownArchive(LookupError):
    """The model store has no such archive."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the model store has no archive {name!r}")


class UnusableArchive(ValueError):
    """An archive of the model store cannot be served; the message says why."""


class VersionTaken(Exception):
    """The server has a model of this name and version already."""

    def __init__(self, name: str, version: str) -> None:
        super().__init__(f"model {name!r} is registered in version {version!r} already: unregister it first")


class DefaultVersion(Exception):
    """The default version of a model cannot be unregistered while there are others."""

    def __init__(self, name: str, version: str) -> None:
        super().__init__(
            f"version {version!r} is the default of model {name!r}: make another version the default first"
        )


class ModelNotReady(Exception):
    """The model is loading, failed to load or has been unloaded; the message says which."""


BODY_FLAG = "--max-body-bytes"
"""The flag of the command line that sets the largest body."""


class BodyTooLarge(Exception):
    """The request's body has more bytes than the server accepts.

    Args:
        limit: most bytes of a body.
        flag: the flag that sets the limit; None if it is fixed.
    """

    def __init__(self, limit: int, flag: str | None = BODY_FLAG) -> None:
        reason = "" if flag is None else f"; the server's {flag} allows no more"
        super().__init__(f"the body has more than {limit} bytes{reason}")


class MessageNotReceived(Exception):
    """A gRPC call whose message has more bytes than the server accepts, or that ended without one.

    gRPC itself rejects a message over the limit once it has read its length, and tells the client; to the server this
    looks the same as a client that disconnects while sending.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"no message came, or one of more than the {limit} bytes that {BODY_FLAG} allows")


class UnknownEncoding(Exception):
    """The request's body has a content-encoding, such as gzip, which the server does not decode."""

    def __init__(self, encoding: str) -> None:
        super().__init__(f"the body's content-encoding {encoding[:20]!r} is not read: send it as it is")


class TextTooLarge(Exception):
    """A question has more text than the server tokenizes, in one field or in several together."""

    def __init__(self, limit: int, field: str | None = None) -> None:
        super().__init__(f"a text has more than {limit} bytes; the server's --max-text-bytes allows no more")
        self.field = field


class TooManyRows(Exception):
    """A request has more rows than the server accepts.

    Args:
        count: number of rows in the request.
        limit: most rows allowed.
        noun: what the protocol calls the rows.
        field: the member of the body that holds them.
        remedy: what the client should do.
    """

    def __init__(
        self,
        count: int,
        limit: int,
        noun: str = "rows",
        field: str | None = None,
        remedy: str = "send several requests",
    ) -> None:
        super().__init__(f"the request has {count} {noun}; the server's --max-rows allows {limit}, so {remedy}")
        self.field = field


class DeadlineExceeded(Exception):
    """The client's timeout has passed."""

    def __init__(self) -> None:
        super().__init__("the request's timeout passed before it was answered")


class ServerEnds(Exception):
    """The server is shutting down, and the request took longer than the grace period."""

    def __init__(self) -> None:
        super().__init__("the server ended before the request was answered; ask again")


class ClientGone(Exception):
    """The client closed the connection before it was answered."""

    def __init__(self) -> None:
        super().__init__("the client closed the connection before it was answered")


_STATUSES: dict[type[Exception], tuple[int, str]] = {
    InvalidQuestion: (400, "INVALID_ARGUMENT"),
    InvalidRequest: (400, "INVALID_ARGUMENT"),
    UnusableArchive: (400, "FAILED_PRECONDITION"),
    Unauthorized: (401, "UNAUTHENTICATED"),
    UnknownModel: (404, "NOT_FOUND"),
    UnknownVersion: (404, "NOT_FOUND"),
    UnknownArchive: (404, "NOT_FOUND"),
    VersionTaken: (409, "ALREADY_EXISTS"),
    DefaultVersion: (403, "FAILED_PRECONDITION"),
    BodyTooLarge: (413, "RESOURCE_EXHAUSTED"),
    MessageNotReceived: (413, "RESOURCE_EXHAUSTED"),
    TextTooLarge: (413, "RESOURCE_EXHAUSTED"),
    TooManyRows: (413, "RESOURCE_EXHAUSTED"),
    UnknownEncoding: (415, "INVALID_ARGUMENT"),
    ClientGone: (499, "CANCELLED"),
    ServerEnds: (503, "UNAVAILABLE"),
    ModelNotReady: (503, "UNAVAILABLE"),
    Overloaded: (503, "RESOURCE_EXHAUSTED"),
    HandlerUnavailable: (503, "UNAVAILABLE"),
    DeadlineExceeded: (504, "DEADLINE_EXCEEDED"),
}
"""The HTTP status and the gRPC code of each error."""

_SHUTDOWN_ERRORS = (asyncio.CancelledError, ShutDown)
"""How requests end when the server shuts down: only the server cancels them. A client that leaves is ClientGone."""

EXPECTED: tuple[type[BaseException], ...] = (*_STATUSES, HandlerFailed, *_SHUTDOWN_ERRORS)
"""The exceptions that are answers to a client; any other is a fault of the server."""

_CODES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 413: "RESOURCE_EXHAUSTED", 507: "RESOURCE_EXHAUSTED"}
"""gRPC codes for the statuses that handlers set; any other is INTERNAL, because a retry meets the same handler."""

_ERRORS_WITH_FIELD = (InvalidQuestion, InvalidRequest, UnknownModel, TextTooLarge, TooManyRows)
"""The exceptions that may know which field is at fault."""

_RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True)
class Refusal:
    """An error as a client sees it.

    Attributes:
        status: the HTTP status.
        message: one line.
        retry_after: seconds after which to try again; None if that would not help.
        code: name of the gRPC status code.
        cause: the type of the error.
        field: the field or parameter at fault, if it is a single one.
    """

    status: int
    message: str
    retry_after: int | None = None
    code: str = "INTERNAL"
    cause: type[BaseException] = Exception
    field: str | None = None

    @property
    def document(self) -> dict[str, str]:
        """The error's body in V1 and V2."""
        return {"error": self.message}


def refusal_of(error: BaseException) -> Refusal:
    """The refusal for an error. The message of an unexpected error stays in the log: it may contain users' data."""
    if isinstance(error, HandlerFailed):
        return Refusal(error.status, str(error), None, _CODES.get(error.status, "INTERNAL"), HandlerFailed)
    if isinstance(error, _SHUTDOWN_ERRORS):
        error = ServerEnds()
    for kind, (status, code) in _STATUSES.items():
        if isinstance(error, kind):
            retry_after = _RETRY_AFTER_SECONDS if status == 503 else None
            field = error.field if isinstance(error, _ERRORS_WITH_FIELD) else None
            return Refusal(status, str(error), retry_after, code, kind, field)
    return Refusal(500, "the server failed to answer; its log says why")
