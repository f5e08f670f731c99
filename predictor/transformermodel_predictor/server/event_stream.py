"""Server-sent events: a streamed response that ends when the client disconnects."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from transformermodel_predictor.protocols.errors import Refusal, refusal_of
from transformermodel_predictor.server.connection import while_connected

_END = {"type": "http.response.body", "body": b""}


class EventStream(Response):
    """A response of server-sent events.

    Args:
        events: the data of each event; closed however the response ends.
        until_sent: a context held until the response has ended; exits with the error that ended it early, if any.
        write_error: the data of the last event if an error ends the stream, in the protocol's form.
        headers: of the response.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        until_sent: AbstractAsyncContextManager[object],
        write_error: Callable[[Refusal], bytes],
        headers: dict[str, str] | None = None,
    ) -> None:
        self._events = events
        self._until_sent = until_sent
        self._write_error = write_error
        self.status_code = 200
        self.background = None
        self.init_headers({"cache-control": "no-cache", **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events as they are produced.

        Raises:
            ClientGone: the client closed the connection before the last event.
            Exception: the error that ended the events; it has been sent to the client.
        """
        async with self._until_sent, aclosing(self._events):
            await while_connected(Request(scope, receive), self._send(send))

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        try:
            async for data in self._events:
                await send(_event(data))
        except (Exception, asyncio.CancelledError) as error:
            await send(_event(self._write_error(refusal_of(error))))  # has no effect if the client has gone
            await send(_END)
            raise
        await send(_END)


def _event(data: bytes) -> Message:
    return {"type": "http.response.body", "body": b"data: " + data + b"\n\n", "more_body": True}
