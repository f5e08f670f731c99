"""The fields of a form: multipart or urlencoded."""

import asyncio

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message, Scope

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.server.exchange import header
from transformermodel_predictor.torchserve.call import Part

_KINDS = ("multipart/form-data", "application/x-www-form-urlencoded")

_SMALL_BYTES = 64 * 1024
"""Larger forms are read beside the event loop: a text of escapes takes a second for a MiB."""


def content_type(request: Request) -> str:
    """The media type of the body in lower case, without its parameters; empty where the client names none."""
    given = header(request.scope, b"content-type") or b""
    return given.decode("latin-1").partition(";")[0].strip().lower()


def is_form(media_type: str) -> bool:
    """Whether a body of this type is a form."""
    return media_type in _KINDS


async def read_form(request: Request, body: bytes) -> list[Part]:
    """The fields in their order; those that are files with their content types.

    Args:
        request: whose headers say how to read it.
        body: all of it.

    Raises:
        InvalidRequest: it is not what its content type says.
    """
    reading = _read(request.scope, body)
    if len(body) <= _SMALL_BYTES:
        return await reading
    return await asyncio.to_thread(asyncio.run, reading)


async def _read(scope: Scope, body: bytes) -> list[Part]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        async with Request(scope, receive).form(max_part_size=len(body)) as form:
            return [await _part(name, value) for name, value in form.multi_items()]
    except MultiPartException as error:
        raise InvalidRequest(f"the form cannot be read: {error.message}") from None


async def _part(name: str, value: UploadFile | str) -> Part:
    if isinstance(value, str):
        return Part(name, value.encode(errors="surrogatepass"))
    return Part(name, await value.read(), value.content_type)
