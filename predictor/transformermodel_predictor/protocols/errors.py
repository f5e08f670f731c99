"""What went wrong with a request, and the HTTP status and gRPC code that tell it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from transformermodel_predictor.batching import Overloaded
from transformermodel_predictor.device_thread import ShutDown
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.torchserve.call import HandlerFailed, HandlerUnavailable

_NAMED_MODELS = 5
"""How many models an error names: enough to see a slip, few enough for one line."""
_LONGEST_COMPARED = 253
"""Characters of a name that are compared with others: no model's is longer, and the comparison grows with them."""


class InvalidRequest(ValueError):
    """A request that its protocol cannot read; the text says what would be right.

    Args:
        message: the text.
        field: the member of the body that is at fault, where it is one.
    """

    def __init__(self, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.field = field


class Unauthorized(Exception):
    """The request does not carry the server's token."""

    def __init__(self) -> None:
        super().__init__("this server wants a token: send the header Authorization: Bearer TOKEN")


class UnknownModel(LookupError):
    """There is no model of this name here; those that there are, the likeliest first, or a few of many."""

    field = "model"

    def __init__(self, name: str, there: Sequence[str] = ()) -> None:
        super().__init__(f"there is no model {name!r} here; {_offered(name, there)}")


def _offered(name: str, there: Sequence[str]) -> str:
    if not there:
        return "the server has none"
    likely = get_close_matches(name[:_LONGEST_COMPARED], there, n=_NAMED_MODELS)
    names = list(dict.fromkeys([*likely, *there]))[:_NAMED_MODELS]
    shown = ", ".join(map(repr, names))
    if len(there) > len(names):
        return f"there are {len(there)}, such as {shown}"
    return f"there {'is' if len(names) == 1 else 'are'} {shown}"


class UnknownVersion(LookupError):
    """The model is here in another version, or in others."""

    def __init__(self, name: str, version: str, there: Sequence[str]) -> None:
        has = f"it is version {there[0]!r}" if len(there) == 1 else f"it has {', '.join(map(repr, there))}"
        super().__init__(f"model {name!r} has no version {version!r}; {has}")


class UnknownArchive(LookupError):
    """The model store has no such archive."""

    def __init__(self, name: str) -> None:
        super().__init__(f"the model store has no archive {name!r}")


class UnusableArchive(ValueError):
    """An archive of the model store cannot become a model; the text says why."""


class VersionTaken(Exception):
    """A model of this name and version is here already."""

    def __init__(self, name: str, version: str) -> None:
        super().__init__(f"model {name!r} is registered in version {version!r} already: unregister it first")


class DefaultVersion(Exception):
    """The version that answers where none is named cannot go while there are others."""

    def __init__(self, name: str, version: str) -> None:
        super().__init__(
            f"version {version!r} is the default of model {name!r}: make another version the default first"
        )


class ModelNotReady(Exception):
    """The model is being loaded, or could not be; the text says which."""


BODY_FLAG = "--max-body-bytes"


class BodyTooLarge(Exception):
    """The request's body has more bytes than the server accepts.

    Args:
        limit: how many it may have.
        flag: of the command line, which says so; None where none does.
    """

    def __init__(self, limit: int, flag: str | None = BODY_FLAG) -> None:
        allowing = "" if flag is None else f"; the server's {flag} allows no more"
        super().__init__(f"the body has more than {limit} bytes{allowing}")


class MessageNotReceived(Exception):
    """A call over gRPC whose message has more bytes than the server accepts, or that ended without one.

    gRPC itself refuses a message over the limit when it has read its length, and tells the client; the server sees no
    more of it than of a client that goes while it sends.
    """

    def __init__(self, limit: int) -> None:
        super().__init__(f"no message came, or one of more than the {limit} bytes that {BODY_FLAG} allows")


class UnknownEncoding(Exception):
    """The request's body is compressed, or encoded otherwise, and would have to be decoded first."""

    def __init__(self, encoding: str) -> None:
        super().__init__(f"the body's content-encoding {encoding[:20]!r} is not read: send it as it is")


class TextTooLarge(Exception):
    """A question has more text than the server tokenizes; all of it in one field, or in several."""

    def __init__(self, limit: int, field: str | None = None) -> None:
        super().__init__(f"a text has more than {limit} bytes; the server's --max-text-bytes allows no more")
        self.field = field


class TooManyRows(Exception):
    """A request has more rows than the server takes at once.

    Args:
        count: how many it has.
        limit: how many it may have.
        called: what the protocol calls them.
        field: the member of the body in which they are.
        remedy: what the client is to do.
    """

    def __init__(
        self,
        count: int,
        limit: int,
        called: str = "rows",
        field: str | None = None,
        remedy: str = "send several requests",
    ) -> None:
        super().__init__(f"the request has {count} {called}; the server's --max-rows allows {limit}, so {remedy}")
        self.field = field


class DeadlineExceeded(Exception):
    """The time that the client gave has passed."""

    def __init__(self) -> None:
        super().__init__("the request's timeout passed before it was answered")


class ServerEnds(Exception):
    """The server was told to end, and the request took longer than it waits."""

    def __init__(self) -> None:
        super().__init__("the server ended before the request was answered; ask again")


class ClientGone(Exception):
    """The client closed the connection before it was answered; nobody reads an answer."""

    def __init__(self) -> None:
        super().__init__("the client closed the connection before it was answered")


_TOLD: dict[type[Exception], tuple[int, str]] = {
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

_AT_THE_END = (asyncio.CancelledError, ShutDown)
"""What becomes of requests when the server ends.

Who cancels a request is the server: where it is the client that has gone, ClientGone is raised.
"""

EXPECTED: tuple[type[BaseException], ...] = (*_TOLD, HandlerFailed, *_AT_THE_END)
"""The exceptions that are answers to a client; any other is a fault of the server."""

_CODES = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 413: "RESOURCE_EXHAUSTED", 507: "RESOURCE_EXHAUSTED"}
"""gRPC's codes of a handler's own statuses; any other is INTERNAL, because a second attempt meets the same handler."""

_AT_FIELDS = (InvalidQuestion, InvalidRequest, UnknownModel, TextTooLarge, TooManyRows)
"""The exceptions that may know which field is at fault."""

_RETRY_AFTER_SECONDS = 1


@dataclass(frozen=True)
class Refusal:
    """An error as a client sees it.

    Attributes:
        status: the HTTP status.
        message: one line.
        retry_after: seconds after which to try again, where that helps.
        code: name of the gRPC status code.
        cause: what kind of error it was.
        field: what of the request is at fault, where it is one field or parameter, by the name that the error knows.
    """

    status: int
    message: str
    retry_after: int | None = None
    code: str = "INTERNAL"
    cause: type[BaseException] = Exception
    field: str | None = None

    @property
    def document(self) -> dict[str, str]:
        """The body, the same in V1 and V2."""
        return {"error": self.message}


def refusal(error: BaseException) -> Refusal:
    """What a client is told. The text of an unexpected error stays in the log: it may hold somebody's data."""
    if isinstance(error, HandlerFailed):
        return Refusal(error.status, str(error), None, _CODES.get(error.status, "INTERNAL"), HandlerFailed)
    if isinstance(error, _AT_THE_END):
        error = ServerEnds()
    for kind, (status, code) in _TOLD.items():
        if isinstance(error, kind):
            retry_after = _RETRY_AFTER_SECONDS if status == 503 else None
            field = error.field if isinstance(error, _AT_FIELDS) else None
            return Refusal(status, str(error), retry_after, code, kind, field)
    return Refusal(500, "the server failed to answer; its log says why")
