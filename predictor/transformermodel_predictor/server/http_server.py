"""The HTTP server, and its shutdown by signals."""

import asyncio
import logging
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

from transformermodel_predictor.server.application import Application
from transformermodel_predictor.server.certificate import KeyPair, use_renewed
from transformermodel_predictor.server.http_protocol import PatientProtocol
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.options import ServerOptions

_STUCK_CHECK_SECONDS = 5
"""Seconds between two checks for stuck connections."""

_CLOSE = (b"connection", b"close")
"""Sent while the server drains: a request on a kept-alive connection would be lost when that is closed."""


class HTTPServer(uvicorn.Server):
    """uvicorn with a graceful shutdown for Kubernetes.

    On SIGTERM the server becomes not ready and keeps serving until clients have learned of it; then it closes the
    listener and finishes requests in flight. SIGINT ends it at once.

    Attributes:
        closing: set when the server takes no new requests any more.
        interrupted: set when it does not wait for requests in flight either.
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
                proxy_headers=False,  # the client's address is not used
                timeout_graceful_shutdown=options.finish_seconds,
                http=PatientProtocol,
                callback_notify=self._end_stuck_connections,
                timeout_notify=_STUCK_CHECK_SECONDS,
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
        """Serve on a socket; return the task, which ends with the server."""
        self.config.load()
        if self.config.ssl is not None and self._key_pair is not None:
            use_renewed(self.config.ssl, self._key_pair)
        self._handle_signals()
        self._serving = asyncio.create_task(self.serve(sockets=[listener]))
        return self._serving

    @property
    def ends(self) -> bool:
        """Whether the server is shutting down, gracefully or not."""
        return self._models.draining or self.should_exit or self.interrupted.is_set()

    def drain(self) -> None:
        """Shut down gracefully; idempotent."""
        if self._models.draining:
            return
        seconds = self._drain_seconds if self._models.ready else 0.0
        self._models.drain()
        self.config.encoded_headers.append(_CLOSE)  # uvicorn makes the default headers of these every second
        self.server_state.default_headers = [*self.server_state.default_headers, _CLOSE]
        asyncio.get_running_loop().call_later(seconds, self.close)

    def close(self) -> None:
        """Take no new requests, and end once those in flight are answered."""
        self.should_exit = True
        self.closing.set()

    def interrupt(self) -> None:
        """Shut down at once; idempotent."""
        self.interrupted.set()
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)  # the requests cancelled now are no errors
        for task in self.server_state.tasks:
            task.cancel()
        if self._serving is not None:
            self._serving.cancel()

    async def _end_stuck_connections(self) -> None:
        for connection in list(self.server_state.connections):
            if isinstance(connection, PatientProtocol):
                connection.end_if_stuck()

    def _handle_signals(self) -> None:
        """Handle SIGTERM and SIGINT for as long as the event loop exists.

        The handlers outlive this server: while handlers' processes end, a second signal must not kill this process.
        """
        if threading.current_thread() is threading.main_thread():
            loop = asyncio.get_running_loop()
            loop.add_signal_handler(signal.SIGTERM, self.drain)
            loop.add_signal_handler(signal.SIGINT, self.interrupt)

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Do nothing: uvicorn would handle signals only while it serves."""
        yield
