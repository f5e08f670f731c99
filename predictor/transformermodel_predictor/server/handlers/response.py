"""What a handler answered as TorchServe sends it: its bytes, its headers, and no content type but its own."""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from transformermodel_predictor.protocols.errors import refusal_of
from transformermodel_predictor.protocols.torchserve_errors import error_document
from transformermodel_predictor.server.connection import while_connected
from transformermodel_predictor.server.exchange import refused
from transformermodel_predictor.server.handlers.headers import SEQUENCE_ID
from transformermodel_predictor.server.header_names import REQUEST_ID
from transformermodel_predictor.torchserve.call import Call, HandlerFailed, HandlerUnavailable, Reply
from transformermodel_predictor.torchserve.handler_model import Replies

_NOT_TO_BE_KEPT: Mapping[str, str] = {
    "pragma": "no-cache",
    "cache-control": "no-cache; no-store, must-revalidate, private",
    "expires": "Thu, 01 Jan 1970 00:00:00 UTC",
}
"""Answers are nobody's but the client's."""

_ALWAYS_SENT = {name.encode(): value.encode() for name, value in _NOT_TO_BE_KEPT.items()}

_OF_THE_CONNECTION = frozenset({"content-length", "transfer-encoding", "connection"})
"""Headers that follow from how the body is sent, whatever a handler says."""

_WITHOUT_BODY = (204, 205, 304)
_WITHOUT_LENGTH = (204, 304)

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class HandlerResponse(Response):
    """An answer in one piece; where its status allows no body, without.

    Args:
        call: what was asked.
        reply: the answer.
    """

    def __init__(self, call: Call, reply: Reply) -> None:
        self.status_code = reply.status
        self.background = None
        self.body = b"" if reply.status in _WITHOUT_BODY else reply.body
        self.raw_headers = headers_of(call, reply)
        if reply.status not in _WITHOUT_LENGTH:
            self.raw_headers.append((b"content-length", b"%d" % len(self.body)))


def failed_response(call: Call, error: HandlerFailed | HandlerUnavailable) -> Response:
    """An error in TorchServe's form; the id in its headers is the one that the log and the handler know."""
    refusal = refusal_of(error)
    response = refused(refusal, error_document(refusal))
    response.headers.update({REQUEST_ID: call.request_id, **_NOT_TO_BE_KEPT})
    return response


def headers_of(call: Call, reply: Reply) -> list[tuple[bytes, bytes]]:
    """The headers of an answer: those that TorchServe sends, then the handler's own."""
    headers = {**_ALWAYS_SENT, REQUEST_ID.encode(): _sendable(call.request_id)}
    if call.sequence_id:
        headers[SEQUENCE_ID.encode()] = _sendable(call.sequence_id)
    for name, value in reply.headers.items():
        own = name.lower()
        if own not in _OF_THE_CONNECTION and _NAME.fullmatch(own):
            headers[own.encode()] = _sendable(value)
    if reply.content_type:
        headers[b"content-type"] = _sendable(reply.content_type)
    return list(headers.items())


def _sendable(value: str) -> bytes:
    """A header's value without what would end it, or what HTTP has no letters for."""
    return _CONTROLS.sub(" ", value).encode("latin-1", errors="replace")


class PieceStream(Response):
    """An answer that comes piece by piece, in chunks; its headers are the first piece's.

    Args:
        call: what was asked.
        first: the first piece.
        rest: those after it; closed whatever ends the response, so that the handler is asked no more.
        until_sent: what is held until then; it is told the error that ends the response early.
    """

    def __init__(
        self,
        call: Call,
        first: Reply,
        rest: Replies,
        until_sent: AbstractContextManager[object],
    ) -> None:
        self._first = first
        self._rest = rest
        self._until_sent = until_sent
        self.status_code = first.status
        self.background = None
        self.raw_headers = headers_of(call, first)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the pieces as they come.

        Raises:
            ClientGone: the client closed the connection before the last of them.
            Exception: whatever ended the pieces; the client sees the response end early.
        """
        with self._until_sent:
            async with aclosing(self._rest):
                await while_connected(Request(scope, receive), self._send(send))

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self._first.body, "more_body": True})
        async for piece in self._rest:
            await send({"type": "http.response.body", "body": piece.body, "more_body": True})
        await send({"type": "http.response.body", "body": b""})
