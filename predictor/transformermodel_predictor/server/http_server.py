"""The HTTP server, and how signals end it."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from transformermodel_predictor.server.application import Application
from transformermodel_predictor.server.certificate import KeyPair, show_renewed
from transformermodel_predictor.server.http_protocol import PatientProtocol
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.options import ServerOptions

_LOOKING_SECONDS = 5
"""Between two looks at what clients have been waited for too long."""

_CLOSE = (b"connection", b"close")
"""Told to clients of a server that goes: on a kept connection the next request would be lost when it closes."""


class HTTPServer(uvicorn.Server):
    """uvicorn with Kubernetes' way of ending.

    SIGTERM: not ready, served on while clients learn of it; then the listener closes and requests in flight finish.
    SIGINT: at once.

    Attributes:
        closing: set when no new requests are taken any more.
        interrupted: set when requests in flight are not waited for either.
    """

    def __init__(self, application: Application, models: Models, options: ServerOptions) -> None:
        super().__init__(
            uvicorn.Config(
                application,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,  # nothing is made of where a request comes from
                timeout_graceful_shutdown=options.finish_seconds,
                http=PatientProtocol,
                callback_notify=self._end_stuck_connections,
                timeout_notify=_LOOKING_SECONDS,
                ssl_certfile=options.certificate,
                ssl_keyfile=options.key,
            )
        )
        self.closing = asyncio.Event()
        self.interrupted = asyncio.Event()
        self._models = models
        certificate, key = options.certificate, options.key
        self._key_pair = None if certificate is None or key is None else KeyPair(certificate, key)
        self._drain_seconds = options.drain_seconds
        self._serving: asyncio.Task[None] | None = None

    def start(self, listener: socket.socket) -> asyncio.Task[None]:
        """Serve on a socket, in a task that ends with the server."""
        self.config.load()
        if self.config.ssl is not None and self._key_pair is not None:
            show_renewed(self.config.ssl, self._key_pair)
        self._hear_signals()
        self._serving = asyncio.create_task(self.serve(sockets=[listener]))
        return self._serving

    @property
    def ends(self) -> bool:
        """Whether it has been told to end, in whichever way."""
        return self._models.draining or self.should_exit or self.interrupted.is_set()

    def drain(self) -> None:
        """End in good order; being told so again changes nothing."""
        if self._models.draining:
            return
        seconds = self._drain_seconds if self._models.ready else 0.0
        self._models.drain()
        self.config.encoded_headers.append(_CLOSE)  # uvicorn makes the default headers of these every second
        self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        asyncio.get_running_loop().call_later(seconds, self.close)

    def close(self) -> None:
        """Take no new requests, and end when those in flight are answered."""
        self.should_exit = True
        self.closing.set()

    def interrupt(self) -> None:
        """End at once; being told so again changes nothing."""
        self.interrupted.set()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # requests that are cut off now are no errors
        for task in self.server_state.tasks:
            task.cancel()
        if self._serving is not None:
            self._serving.cancel()

    async def _end_stuck_connections(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, PatientProtocol):
                connection.end_if_stuck()

    def _hear_signals(self) -> None:
        """Hear signals as Kubernetes and a terminal send them, as long as the event loop is there.

        Also while handlers' processes end, after this server has: a second signal would else end the process at once.
        """
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, self.drain)
            loop.add_signal_handler(signal.SIGINT, self.interrupt)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: uvicorn would hear them only while it serves."""
        yield
