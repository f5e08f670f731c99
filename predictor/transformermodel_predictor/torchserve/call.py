"""A request to a model that runs somebody's handler, and the reply. Imported by workers too, so it imports little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

import msgspec


class CallKind(StrEnum):
    """What is asked; calls of different kinds never share a batch."""

    predict = "predict"
    explain = "explain"
    describe = "describe"


@dataclass(frozen=True)
class Part:
    """A named value of a request: its body, or a field of its form.

    Attributes:
        name: `body` for a whole body, or the field's name.
        value: the bytes that came.
        content_type: what they are, where the client says so.
    """

    name: str
    value: bytes
    content_type: str | None = None


@dataclass(frozen=True)
class Call:
    """One request, which becomes one row of a batch.

    Attributes:
        kind: what is asked.
        parts: the named values; a name may stand in the path, the query or the form.
        headers: what the handler may ask its context for, by lower-case names.
        request_id: identifies the request in logs and to the handler.
        sequence_id: requests of one sequence go to one worker, in their order.
    """

    kind: CallKind
    parts: Sequence[Part] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    sequence_id: str | None = None


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """What a handler answers to one row, or one piece of it where it streams; as its worker sends it.

    Attributes:
        body: the bytes to be sent.
        content_type: what the handler says they are; None leaves the header out, as TorchServe does.
        status: the HTTP status.
        phrase: its words.
        headers: further headers that the handler set.
        more: whether further pieces of the same answer follow.
        json: whether the handler answered a value, which was written as JSON, and no text or bytes.
    """

    body: bytes
    content_type: str | None = None
    status: int = 200
    phrase: str = "OK"
    headers: dict[str, str] = {}
    more: bool = False
    json: bool = False


class HandlerUnavailable(Exception):
    """No worker can take the call now: the queue is full, or none runs; the text says which. Answered 503."""


class HandlerFailed(Exception):
    """The handler did not answer this call.

    Args:
        message: what happened, in which file; for the client.
        status: TorchServe's status for it: 503 for an exception or a wrong number of answers, 507 where memory ran
            out, 500 where the worker died or did not answer in time.
    """

    def __init__(self, message: str, status: int = HTTPStatus.SERVICE_UNAVAILABLE) -> None:
        super().__init__(message)
        self.status = status
