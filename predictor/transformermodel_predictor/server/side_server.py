"""An additional HTTP server on a port of its own, for other users than the main server's clients."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from transformermodel_predictor.server.application import Application


class SideServer:
    """Serves an application, and leaves signals to the main server. To be created on the event loop.

    Args:
        application: the application.
    """

    def __init__(self, application: Application) -> None:
        configuration = uvicorn.Config(
            application, lifespan="off", ws="none", log_config=None, access_log=False, server_header=False
        )
        self._server = _WithoutSignals(configuration)
        self._serving: asyncio.Task[None] | None = None

    def start(self, listener: socket.socket) -> None:
        """Serve on a socket."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))

    def close(self) -> None:
        """Take no new requests, and abort those in flight."""
        self._server.should_exit = True
        self._server.force_exit = True

    async def ended(self) -> None:
        """Return when the server has ended; `close` must have been called."""
        if self._serving is not None:
            await asyncio.wait([self._serving])


class _WithoutSignals(uvicorn.Server):
    """uvicorn without signal handlers of its own."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
