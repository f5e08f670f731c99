"""What is done around every RPC: errors become status codes, and the log says what happened, never what was asked."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from transformermodel_predictor.protocols.errors import EXPECTED, ClientGone, InvalidRequest, refusal
from transformermodel_predictor.protocols.messages import AnyMessage

_log = logging.getLogger(__name__)
_access = logging.getLogger("transformermodel.access")

Context = Any
"""The context of a call: grpc has no annotations."""

Method = Callable[[AnyMessage, Context], Awaitable[AnyMessage]]
"""An RPC: from its request and its context to its response."""

Answer = Callable[[bytes, Context], Awaitable[AnyMessage]]
"""The same, from the bytes of its request."""


def answering(
    name: str, kind: AnyMessage, method: Method, reading: Callable[[], AbstractContextManager[object]] = nullcontext
) -> Answer:
    """An RPC that ends with the status code of what went wrong, also where its request cannot be read.

    Args:
        name: what the log calls it.
        kind: of its request.
        method: raises what went wrong.
        reading: what is done around reading the request.
    """

    async def answer(request: bytes, context: Context) -> AnyMessage:
        started = time.perf_counter()
        code = "OK"
        try:
            with reading():
                read = _read(kind, request)
            return await method(read, context)
        except (asyncio.CancelledError, ClientGone) as error:  # gRPC itself has told the client, or has none to tell
            code = refusal(error).code
            raise asyncio.CancelledError from error
        except Exception as error:  # noqa: BLE001 - the client is told, in the protocol's form
            if not isinstance(error, EXPECTED):
                _log.exception("gRPC %s failed", name)
            told = refusal(error)
            code = told.code
            await context.abort(grpc.StatusCode[code], told.message)
        finally:
            if _access.isEnabledFor(logging.INFO):
                _access.info("gRPC %s %s %.1f ms", name, code, (time.perf_counter() - started) * 1000)

    return answer


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
