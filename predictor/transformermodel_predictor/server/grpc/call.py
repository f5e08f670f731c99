"""Wraps every RPC: receives its message, turns errors into status codes, and writes the access log."""

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
"""An RPC as grpc calls it: a stream, which here has a single message."""

Receive = Callable[[Context], Awaitable[bytes]]
"""Receives the bytes of a call's message."""

Reading = Callable[[Context], AbstractContextManager[object]]
"""A context held while a call's message is received and parsed."""

_TOLERATED_SHARE = 0.1
"""Share of the remaining time by which the client's clock may be ahead of the server's."""

_TOLERATED_SECONDS = 0.1
"""The same in seconds: a share is too little if a busy server came to the call with little time left."""


def answering(name: str, kind: AnyMessage, method: Method, receive: Receive, reading: Reading) -> Answer:
    """Wrap a method so that its errors, and those of receiving its message, become status codes.

    Args:
        name: the RPC's name, for the log.
        kind: message type of the request.
        method: answers the request, or raises an error.
        receive: receives the request; see `receive_message`.
        reading: a context held while the request is received and parsed.
    """

    async def answer(_: AsyncIterator[bytes], context: Context) -> AnyMessage:
        started = time.perf_counter()
        code = "OK"
        try:
            with reading(context):
                request = _parse(kind, await receive(context))
            return await method(request, context)
        except (asyncio.CancelledError, ClientGone) as error:  # gRPC itself answers the client, if it is still there
            code = refusal_of(error).code
            raise asyncio.CancelledError from error
        except Exception as error:  # noqa: BLE001 - becomes the status of the call
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
    """Receive the single message of a call.

    Had gRPC received it before calling the method, as it does for unary calls, a call whose message is too large or
    never comes would neither be counted nor logged.

    Args:
        context: of the call.
        most_bytes: the limit that gRPC enforces, for the error message.
        ends: set before the server cancels its calls.

    Raises:
        MessageNotReceived: the message is too large, or the call ended without one.
        ClientGone: the client's deadline passed first.
    """
    remaining_at_start = context.time_remaining()
    try:
        with cancelled_by_client(ends):
            message: bytes | object = await context.read()
    except ClientGone:
        message = grpc.aio.EOF
    if isinstance(message, bytes):
        return message
    if deadline_has_passed(remaining_at_start, context.time_remaining()):
        raise ClientGone
    raise MessageNotReceived(most_bytes)


def deadline_has_passed(remaining_at_start: float | None, remaining: float | None) -> bool:
    """Whether a call has ended because its client's deadline passed.

    The client ends the call by its own clock. By the server's clock some time may be left then, because it starts when
    the call arrives, and gRPC rounds the timeout up by as much as a hundredth.

    Args:
        remaining_at_start: seconds left when the server came to the call; None if the client set no deadline.
        remaining: seconds left now.
    """
    if remaining_at_start is None or remaining is None:
        return False
    return remaining <= max(remaining_at_start * _TOLERATED_SHARE, _TOLERATED_SECONDS)


@contextmanager
def cancelled_by_client(ends: asyncio.Event) -> Iterator[None]:
    """Distinguish a client that cancels its call from a server that shuts down: gRPC cancels the task in both cases.

    Args:
        ends: set before the server cancels its calls.

    Raises:
        ClientGone: the call was cancelled, and not by the server.
    """
    try:
        yield
    except asyncio.CancelledError:
        if ends.is_set():
            raise
        raise ClientGone from None


def _parse(kind: AnyMessage, request: bytes) -> AnyMessage:
    try:
        return kind.FromString(request)
    except DecodeError:
        raise InvalidRequest(f"the message is no {kind.DESCRIPTOR.full_name}") from None
