"""Sends a handler's reply as TorchServe does: its bytes and headers, and no content type but its own."""

import re
from collections.abc import Mapping
from contextlib import AbstractContextManager, aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from transformermodel_predictor.protocols.errors import refusal_of
from transformermodel_predictor.protocols.torchserve_errors import error_document
from transformermodel_predictor.server.bodies import error_response
from transformermodel_predictor.server.connection import while_connected
from transformermodel_predictor.server.handlers.headers import SEQUENCE_ID
from transformermodel_predictor.server.header_names import REQUEST_ID
from transformermodel_predictor.torchserve.call import Call, HandlerFailed, HandlerUnavailable, Reply
from transformermodel_predictor.torchserve.handler_model import Replies

_NO_CACHE: Mapping[str, str] = {
    "pragma": "no-cache",
    "cache-control": "no-cache; no-store, must-revalidate, private",
    "expires": "Thu, 01 Jan 1970 00:00:00 UTC",
}
"""TorchServe's headers against caching, sent with every answer."""

_ALWAYS_SENT = {name.encode(): value.encode() for name, value in _NO_CACHE.items()}

_CONNECTION_HEADERS = frozenset({"content-length", "transfer-encoding", "connection"})
"""Headers that the server sets by how it sends the body; a handler cannot set them."""

_WITHOUT_BODY = (204, 205, 304)
_WITHOUT_LENGTH = (204, 304)

_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9a-z-]+")
_CONTROLS = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class HandlerResponse(Response):
    """A whole reply; without its body if the status allows none.

    Args:
        call: the call.
        reply: the handler's reply.
    """

    def __init__(self, call: Call, reply: Reply) -> None:
        self.status_code = reply.status
        self.background = None
        self.body = b"" if reply.status in _WITHOUT_BODY else reply.body
        self.raw_headers = headers_of(call, reply)
        if reply.status not in _WITHOUT_LENGTH:
            self.raw_headers.append((b"content-length", b"%d" % len(self.body)))


def failed_response(call: Call, error: HandlerFailed | HandlerUnavailable) -> Response:
    """An error in TorchServe's form; its headers have the request id that the log and the handler use."""
    refusal = refusal_of(error)
    response = error_response(refusal, error_document(refusal))
    response.headers.update({REQUEST_ID: call.request_id, **_NO_CACHE})
    return response


def headers_of(call: Call, reply: Reply) -> list[tuple[bytes, bytes]]:
    """The headers of a reply: those that TorchServe always sends, then the handler's own."""
    headers = {**_ALWAYS_SENT, REQUEST_ID.encode(): _sendable(call.request_id)}
    if call.sequence_id:
        headers[SEQUENCE_ID.encode()] = _sendable(call.sequence_id)
    for name, value in reply.headers.items():
        lower = name.lower()
        if lower not in _CONNECTION_HEADERS and _NAME.fullmatch(lower):
            headers[lower.encode()] = _sendable(value)
    if reply.content_type:
        headers[b"content-type"] = _sendable(reply.content_type)
    return list(headers.items())


def _sendable(value: str) -> bytes:
    """A header's value without control characters, and with ? for characters that Latin-1 lacks."""
    return _CONTROLS.sub(" ", value).encode("latin-1", errors="replace")


class PieceStream(Response):
    """A streamed reply, sent in chunks with the headers of its first piece.

    Args:
        call: the call.
        first: the first piece.
        rest: the other pieces; closed however the response ends, so that the handler stops.
        until_sent: a context held until the response has ended; exits with the error that ended it early, if any.
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
        """Send the pieces as they are produced.

        Raises:
            ClientGone: the client closed the connection before the last piece.
            Exception: the error that ended the pieces; the client sees the response end early.
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
