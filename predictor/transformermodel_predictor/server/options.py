"""What the user can say about the server."""

import os
from collections.abc import Callable
from dataclasses import dataclass

from transformermodel_predictor.server.address import default_host, listen


@dataclass(frozen=True)
class ServerOptions:
    """How the models are served.

    Attributes:
        host: address to listen on; loopback on one machine and all interfaces in a pod when None.
        http_port: port of the HTTP server; 0 takes a free one.
        drain_seconds: how long to serve on, not ready, after SIGTERM, while clients learn that this server goes.
        finish_seconds: how long requests in flight may take to finish after the listener has closed.
        max_body_bytes: largest request body that is read.
        threads: threads of a forward pass; the CPUs that the process may use when None, and never more.
        access_log: whether requests are logged, one line each, without anybody's text.
        on_ready: called with the server's URL when all models are ready.
    """

    host: str | None = None
    http_port: int = 8080
    drain_seconds: float = 0.0
    finish_seconds: int = 30
    max_body_bytes: int = 8 * 1024 * 1024
    threads: int | None = None
    access_log: bool = False
    on_ready: Callable[[str], None] | None = None

    @property
    def address(self) -> str:
        """The host that is listened on."""
        return self.host or default_host(os.environ)

    def require_free_port(self) -> None:
        """Find out early, before models are prepared, whether the port can be had.

        Raises:
            UserError: it cannot.
        """
        listen(self.address, self.http_port).close()
