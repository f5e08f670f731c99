"""Bodies in and out: bounded reading, JSON, and giving up on a client that has gone."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import orjson
from starlette.requests import Request
from starlette.responses import Response

from transformermodel_predictor.protocols.errors import BodyTooLarge, InvalidRequest, Refusal

_Result = TypeVar("_Result")

_BINARY_HEADER = "inference-header-content-length"


class ClientGone(Exception):
    """The client closed the connection before it was answered; nobody reads an answer."""


class JSONResponse(Response):
    """JSON as orjson prints it."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:  # noqa: ANN401 - any JSON value
        """The body."""
        return orjson.dumps(content)


def refused(refusal: Refusal) -> JSONResponse:
    """An error as a response."""
    headers = None if refusal.retry_after is None else {"retry-after": str(refusal.retry_after)}
    return JSONResponse(refusal.document, refusal.status, headers)


async def read_json(request: Request, limit: int) -> Any:  # noqa: ANN401 - any JSON value
    """The request's body as a JSON value, whatever its content type says.

    Raises:
        BodyTooLarge: it has more than `limit` bytes; no more than that is read.
        InvalidRequest: it is not JSON.
    """
    if _BINARY_HEADER in request.headers:
        raise InvalidRequest("binary tensors are not read; send the request as JSON")
    try:
        return orjson.loads(await _read_body(request, limit))
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"the body is not JSON: {error}") from None


async def while_connected(request: Request, work: Coroutine[Any, Any, _Result]) -> _Result:
    """What the work returns; it is cancelled when the client goes. To be called once the body has been read.

    Raises:
        ClientGone: the client closed the connection first.
    """
    working = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait({working, gone}, return_when=asyncio.FIRST_COMPLETED)
        if not working.done():
            raise ClientGone
        return working.result()
    finally:
        working.cancel()
        gone.cancel()


async def _read_body(request: Request, limit: int) -> bytes:
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limit:
        raise BodyTooLarge(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise BodyTooLarge(limit)
    return bytes(body)
