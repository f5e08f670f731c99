"""What is done around every RPC: errors become status codes, and the log says what happened, never what was asked."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import grpc
import grpc.aio
from google.protobuf.message import DecodeError

from transformermodel_predictor.protocols.errors import (
    EXPECTED,
    ClientGone,
    InvalidRequest,
    MessageNotReceived,
    refusal_of,
)
from transformermodel_predictor.protocols.messages import AnyMessage

_log = logging.getLogger(__name__)
_access = logging.getLogger("transformermodel.access")

Context = Any
"""The context of a call: grpc has no annotations."""

Method = Callable[[AnyMessage, Context], Awaitable[AnyMessage]]
"""An RPC: from its request and its context to its response."""

Answer = Callable[[AsyncIterator[bytes], Context], Awaitable[AnyMessage]]
"""The same, as a call whose messages are received within it, of which there is one."""

Receive = Callable[[Context], Awaitable[bytes]]
"""Receives the bytes of a call's message."""

Reading = Callable[[Context], AbstractContextManager[object]]
"""What is done around receiving and reading a call's message."""

_SHARE_LOST_ON_THE_WAY = 0.1
"""Of a client's time: what it may have less of than the server knows of."""

_SECONDS_LOST_ON_THE_WAY = 0.1
"""The same in seconds: of little that was left when a busy server came to the call, a share is too little."""


def answering(name: str, kind: AnyMessage, method: Method, receive: Receive, reading: Reading) -> Answer:
    """An RPC that ends with the status code of what went wrong, also where its request cannot be received or read.

    Args:
        name: what the log calls it.
        kind: of its request.
        method: raises what went wrong.
        receive: as `receive_message` does.
        reading: what is done around receiving and reading the request.
    """

    async def answer(_: AsyncIterator[bytes], context: Context) -> AnyMessage:
        started = time.perf_counter()
        code = "OK"
        try:
            with reading(context):
                read = _read(kind, await receive(context))
            return await method(read, context)
        except (asyncio.CancelledError, ClientGone) as error:  # gRPC itself has told the client, or has none to tell
            code = refusal_of(error).code
            raise asyncio.CancelledError from error
        except Exception as error:  # noqa: BLE001 - the client is told, in the protocol's form
            if not isinstance(error, EXPECTED):
                _log.exception("gRPC %s failed", name)
            refusal = refusal_of(error)
            code = refusal.code
            await context.abort(grpc.StatusCode[code], refusal.message)
        finally:
            if _access.isEnabledFor(logging.INFO):
                _access.info("gRPC %s %s %.1f ms", name, code, (time.perf_counter() - started) * 1000)

    return answer


async def receive_message(context: Context, most_bytes: int, ends: asyncio.Event) -> bytes:
    """The message of a call that has one.

    Were it received before the call is answered, as gRPC does for such calls, nobody would know of those without.

    Args:
        context: of the call.
        most_bytes: what gRPC was told to receive, for what is said of a message that has more.
        ends: set before the server cancels its calls.

    Raises:
        MessageNotReceived: it has more bytes, or the call has ended without it.
        ClientGone: the client's time passed first.
    """
    given = context.time_remaining()
    try:
        with cancelled_by_client(ends):
            message: bytes | object = await context.read()
    except ClientGone:
        message = grpc.aio.EOF
    if isinstance(message, bytes):
        return message
    if time_has_passed(given, context.time_remaining()):
        raise ClientGone
    raise MessageNotReceived(most_bytes)


def time_has_passed(given: float | None, remaining: float | None) -> bool:
    """Whether a call that has ended did so because its client's time had passed.

    The client ends the call by its own clock. By the server's there may still be some time left then: that begins when
    the call has come, and is rounded up by up to a hundredth on its way.

    Args:
        given: seconds that the client had left when the server came to its call; None where it waits for ever.
        remaining: seconds that it has left now.
    """
    if given is None or remaining is None:
        return False
    return remaining <= max(given * _SHARE_LOST_ON_THE_WAY, _SECONDS_LOST_ON_THE_WAY)


@contextmanager
def cancelled_by_client(ends: asyncio.Event) -> Iterator[None]:
    """Within a call: gRPC cancels it alike when its client goes and when the server ends, which `ends` tells apart.

    Raises:
        ClientGone: the call was cancelled, and not by the server.
    """
    try:
        yield
    except asyncio.CancelledError:
        if ends.is_set():
            raise
        raise ClientGone from None


def _read(kind: AnyMessage, request: bytes) -> AnyMessage:
    try:
        return kind.FromString(request)
    except DecodeError:
        raise InvalidRequest(f"the message is no {kind.DESCRIPTOR.full_name}") from None
