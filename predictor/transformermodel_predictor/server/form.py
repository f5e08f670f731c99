"""Reads the fields of a form: multipart or urlencoded."""

import asyncio

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.types import Message, Scope

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.server.bodies import header
from transformermodel_predictor.torchserve.call import Part

_KINDS = ("multipart/form-data", "application/x-www-form-urlencoded")

_SMALL_BYTES = 64 * 1024
"""Larger forms are read in a thread: a MiB of percent escapes takes a second."""


def content_type(request: Request) -> str:
    """The media type of the body in lower case, without parameters; empty if the client sent none."""
    value = header(request.scope, b"content-type") or b""
    return value.decode("latin-1").partition(";")[0].strip().lower()


def is_form(media_type: str) -> bool:
    """Whether a media type is that of a form."""
    return media_type in _KINDS


async def read_form(request: Request, body: bytes) -> list[Part]:
    """Read the fields in order; those that are files keep their content types.

    Args:
        request: the request, for its headers.
        body: the whole body.

    Raises:
        InvalidRequest: the body does not match its content type.
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
