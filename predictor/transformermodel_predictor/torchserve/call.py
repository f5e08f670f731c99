"""A call to a model's handler, and its reply. Workers import this module, too, so it imports little."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

import msgspec


class CallKind(StrEnum):
    """The kinds of calls; calls of different kinds never share a batch."""

    predict = "predict"
    explain = "explain"
    describe = "describe"


@dataclass(frozen=True)
class Part:
    """A named value of a request: its body, or a field of its form.

    Attributes:
        name: `body` for a whole body, or the field's name.
        value: the raw bytes.
        content_type: their media type, if the client sent one.
    """

    name: str
    value: bytes
    content_type: str | None = None


@dataclass(frozen=True)
class Call:
    """One request, which becomes one row of a batch.

    Attributes:
        kind: predict, explain or describe.
        parts: the named values, from the body, the form or the query.
        headers: headers that the handler can read from its context, by lower-case names.
        request_id: identifies the request in logs and to the handler.
        sequence_id: the sequence that the call belongs to; its calls go to one worker, in order. None for no sequence.
    """

    kind: CallKind
    parts: Sequence[Part] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    request_id: str = ""
    sequence_id: str | None = None


class Reply(msgspec.Struct, frozen=True, array_like=True):
    """A handler's answer to one row, or one piece of a streamed answer, as its worker sends it.

    Attributes:
        body: the bytes to send.
        content_type: the media type that the handler set; if None, the header is left out, as by TorchServe.
        status: the HTTP status.
        phrase: the reason phrase of the status.
        headers: further headers that the handler set.
        more: whether further pieces of the same answer follow.
        json: whether the body is the JSON of a value, and not text or bytes that the handler returned.
    """

    body: bytes
    content_type: str | None = None
    status: int = 200
    phrase: str = "OK"
    headers: dict[str, str] = {}
    more: bool = False
    json: bool = False


class HandlerUnavailable(Exception):
    """No worker can take the call now, because the queue is full or none runs; the message says which. Status 503."""


class HandlerFailed(Exception):
    """The handler did not answer this call.

    Args:
        message: what happened and in which file, for the client.
        status: TorchServe's status for it: 503 for an exception or a wrong number of answers, 507 if memory ran out,
            500 if the worker died or did not answer in time.
    """

    def __init__(self, message: str, status: int = HTTPStatus.SERVICE_UNAVAILABLE) -> None:
        super().__init__(message)
        self.status = status
