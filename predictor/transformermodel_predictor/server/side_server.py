"""HTTP servers beside the one that clients ask: on ports of their own, for others."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from transformermodel_predictor.server.application import Application


class SideServer:
    """Answers on a port of its own, and leaves signals to the server beside it. To be made on the event loop.

    Args:
        application: what is answered.
    """

    def __init__(self, application: Application) -> None:
        configuration = uvicorn.Config(
            application, lifespan="off", ws="none", log_config=None, access_log=False, server_header=False
        )
        self._server = _Deaf(configuration)
        self._serving: asyncio.Task[None] | None = None

    def start(self, listener: socket.socket) -> None:
        """Answer on a socket."""
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))

    def close(self) -> None:
        """Take no new requests, and give up what is under way."""
        self._server.should_exit = True
        self._server.force_exit = True

    async def ended(self) -> None:
        """Return when it has ended, once it is closed."""
        if self._serving is not None:
            await asyncio.wait([self._serving])


class _Deaf(uvicorn.Server):
    """uvicorn that hears no signals."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield
