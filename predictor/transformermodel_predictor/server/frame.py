"""What is done around every request: its id goes back, and the log says what happened, never what was asked."""

import logging
import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_log = logging.getLogger(__name__)
_access = logging.getLogger("transformermodel.access")

_REQUEST_ID = b"x-request-id"


class RequestFrame:
    """ASGI middleware around the whole application."""

    def __init__(self, application: ASGIApp) -> None:
        self._application = application

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._application(scope, receive, send)
            return
        request_id = next((value for name, value in scope["headers"] if name == _REQUEST_ID), None)
        status = 0
        started = time.perf_counter()

        async def framed(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if request_id is not None:
                    message = {**message, "headers": [*message["headers"], (_REQUEST_ID, request_id)]}
            await send(message)

        line = f"{scope['method']} {scope['path']}"
        try:
            await self._application(scope, receive, framed)
        except Exception:  # noqa: BLE001 - the client has its 500 already, and nobody outside logs it
            _log.exception("%s failed (request id %s)", line, _printable(request_id))
        _access.info("%s %d %.1f ms %s", line, status, (time.perf_counter() - started) * 1000, _printable(request_id))


def _printable(request_id: bytes | None) -> str:
    return ascii(request_id.decode("latin-1")) if request_id else "-"
