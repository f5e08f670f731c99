"""Server-sent events: a response that comes piece by piece, and ends when nobody listens."""

from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, aclosing

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from transformermodel_predictor.server.exchange import ClientGone, while_connected


class EventStream(Response):
    """A response of server-sent events.

    Args:
        events: the data of each; closed whatever ends the response, also when the client goes.
        until_sent: what is held until then.
        headers: of the response.
    """

    media_type = "text/event-stream"

    def __init__(
        self,
        events: AsyncGenerator[bytes, None],
        until_sent: AbstractAsyncContextManager[object],
        headers: dict[str, str] | None = None,
    ) -> None:
        self._events = events
        self._until_sent = until_sent
        self.status_code = 200
        self.background = None
        self.init_headers({"cache-control": "no-cache", **(headers or {})})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the events as they come."""
        async with self._until_sent, aclosing(self._events):
            try:
                await while_connected(Request(scope, receive), self._send(send))
            except ClientGone:
                return

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        async for data in self._events:
            await send({"type": "http.response.body", "body": b"data: " + data + b"\n\n", "more_body": True})
        await send({"type": "http.response.body", "body": b""})
