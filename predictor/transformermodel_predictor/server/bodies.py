"""Reads request bodies, within limits, and writes JSON responses."""

from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Scope

from transformermodel_predictor.garbage import uncollected
from transformermodel_predictor.protocols.errors import (
    BODY_FLAG,
    BodyTooLarge,
    ClientGone,
    InvalidRequest,
    Refusal,
    UnknownEncoding,
)

_PLAIN = b"identity"
"""The content-encoding of a body that is not encoded."""

_LARGE_BODY = 16 * 1024
"""Bytes from which a body may become so many objects that garbage is collected while it is parsed."""

_MOST_BRACKETS = 512 * 1024
"""Most opening brackets, including those in texts. Each may become a Python object, and eight million take seconds."""


class JSONResponse(Response):
    """A JSON response, serialized by orjson."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON value
        """The body."""
        return orjson.dumps(content)


def error_response(refusal: Refusal, document: object = None) -> JSONResponse:
    """The response for an error; its body is the document, or the one that V1 and V2 share if None."""
    headers = {}
    if refusal.retry_after is not None:
        headers["retry-after"] = str(refusal.retry_after)
    if refusal.status == 401:
        headers["www-authenticate"] = "Bearer"
    if refusal.status == 415:
        headers["accept-encoding"] = _PLAIN.decode()
    return JSONResponse(refusal.document if document is None else document, refusal.status, headers)


def header(scope: Scope, name: bytes) -> bytes | None:
    """A header's raw value, by its lower-case name; None if it is absent."""
    for each, value in scope["headers"]:
        if each == name:
            raw: bytes = value
            return raw
    return None


async def read_json(request: Request, limit: int) -> Any:  # noqa: ANN401 - any JSON value
    """Read the request's body and parse it as JSON, whatever its content type.

    Raises:
        BodyTooLarge: the body has more than `limit` bytes; the rest is not read.
        UnknownEncoding: the body is compressed.
        InvalidRequest: the body is not JSON.
    """
    return parse_json(await read_body(request, limit))


def parse_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """Parse a body as JSON.

    Raises:
        InvalidRequest: the body is not JSON, or has so many lists and objects that other clients would have to wait.
    """
    if len(body) > _MOST_BRACKETS and body.count(b"[") + body.count(b"{") > _MOST_BRACKETS:
        raise InvalidRequest(f"the body has more than {_MOST_BRACKETS} lists and objects; send several requests")
    try:
        if len(body) < _LARGE_BODY:
            return orjson.loads(body)
        with uncollected():
            return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"the body is not JSON: {_fault(body) or error}") from None


def _fault(body: bytes) -> str:
    """A clearer message than the parser's for a body that is empty or not UTF-8; empty for any other."""
    if not body:
        return "it is empty"
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start} is not UTF-8 text"
    return ""


async def read_body(request: Request, limit: int, *, as_sent: bool = False, flag: str | None = BODY_FLAG) -> bytes:
    """Read the request's body.

    Args:
        request: the request, whose body has not been read yet.
        limit: most bytes of a body.
        as_sent: whether to accept a compressed body, and return it as it is.
        flag: the flag that sets the limit, for the error; None if it is fixed.

    Raises:
        BodyTooLarge: the body has more than `limit` bytes; the rest is not read.
        UnknownEncoding: the body is compressed.
        ClientGone: the client disconnected before it had sent everything.
    """
    encoding = header(request.scope, b"content-encoding")
    if encoding and encoding.lower() != _PLAIN and not as_sent:
        raise UnknownEncoding(encoding.decode("latin-1"))
    declared = header(request.scope, b"content-length")
    if declared is not None and declared.isdigit() and int(declared) > limit:
        raise BodyTooLarge(limit, flag)
    parts: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise BodyTooLarge(limit, flag)
        parts.append(part)
        more = message.get("more_body", False)
    return parts[0] if len(parts) == 1 else b"".join(parts)
