"""Bodies in and out: bounded reading, and JSON."""

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
"""The content-encoding of a body that is as it is."""

_MOST_BRACKETS = 512 * 1024
"""That open a list or an object, also in texts. Each becomes an object of Python, and eight million take seconds."""


class JSONResponse(Response):
    """JSON as orjson prints it."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON value
        """The body."""
        return orjson.dumps(content)


def refused(refusal: Refusal, document: object = None) -> JSONResponse:
    """An error as a response; in the form that V1 and V2 share where no other document is given."""
    headers = {}
    if refusal.retry_after is not None:
        headers["retry-after"] = str(refusal.retry_after)
    if refusal.status == 401:
        headers["www-authenticate"] = "Bearer"
    if refusal.status == 415:
        headers["accept-encoding"] = _PLAIN.decode()
    return JSONResponse(refusal.document if document is None else document, refusal.status, headers)


def header(scope: Scope, name: bytes) -> bytes | None:
    """A header's value as it came, by its lower-case name; None where there is none."""
    for each, value in scope["headers"]:
        if each == name:
            found: bytes = value
            return found
    return None


async def read_json(request: Request, limit: int) -> Any:  # noqa: ANN401 - any JSON value
    """The request's body as a JSON value, whatever its content type says.

    Raises:
        BodyTooLarge: it has more than `limit` bytes; no more than that is read.
        UnknownEncoding: it is compressed.
        InvalidRequest: it is not JSON.
    """
    return parse_json(await read_body(request, limit))


def parse_json(body: bytes) -> Any:  # noqa: ANN401 - any JSON value
    """A body as a JSON value.

    Raises:
        InvalidRequest: it is not JSON, or has more lists and objects than anybody is to wait for.
    """
    if len(body) > _MOST_BRACKETS and body.count(b"[") + body.count(b"{") > _MOST_BRACKETS:
        raise InvalidRequest(f"the body has more than {_MOST_BRACKETS} lists and objects; send several requests")
    try:
        with uncollected():
            return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"the body is not JSON: {_fault(body) or error}") from None


def _fault(body: bytes) -> str:
    """What is wrong with a body before any of it is JSON, where the parser's own words would not help."""
    if not body:
        return "it is empty"
    try:
        body.decode()
    except UnicodeDecodeError as error:
        return f"byte {error.start} is not UTF-8 text"
    return ""


async def read_body(request: Request, limit: int, *, as_sent: bool = False, flag: str | None = BODY_FLAG) -> bytes:
    """The request's body.

    Args:
        request: of which nothing has been read.
        limit: most bytes of a body.
        as_sent: whether a body that is compressed is wanted nevertheless.
        flag: of the command line, which says the limit; None where none does.

    Raises:
        BodyTooLarge: it has more than `limit` bytes; no more than that is read.
        UnknownEncoding: it is compressed.
        ClientGone: the client went before it had sent everything.
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
