"""The sockets of a server, opened before models are prepared, so that no other process takes a port meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from transformermodel_predictor.server.address import Addresses, hold, host_and_port, listen, url_of
from transformermodel_predictor.server.options import ServerOptions


@dataclass(frozen=True)
class Listeners:
    """The sockets of a server; clients that connect early wait in their backlogs.

    Attributes:
        http: the HTTP server's.
        grpc: reserves the port for the gRPC server, which opens a socket of its own; None if there is none.
        metrics: the metrics' own, if they have one.
        management: the management API's, if there is one.
    """

    http: socket.socket
    grpc: socket.socket | None = None
    metrics: socket.socket | None = None
    management: socket.socket | None = None

    def addresses(self, scheme: str) -> Addresses:
        """The addresses as seen from this machine; `scheme` is that of the HTTP server."""
        return Addresses(
            url=url_of(self.http, scheme),
            grpc=None if self.grpc is None else host_and_port(self.grpc),
            metrics=None if self.metrics is None else f"{url_of(self.metrics)}/metrics",
            management=None if self.management is None else url_of(self.management),
        )


@contextmanager
def listening(options: ServerOptions) -> Iterator[Listeners]:
    """Open all sockets that the options ask for, and close them when the context ends.

    Raises:
        UserError: a port is not available; the message names its flag.
    """
    host, grpc, metrics, management = options.address, options.grpc_port, options.metrics_port, options.management
    with ExitStack() as closing:

        def managed(opened: socket.socket) -> socket.socket:
            return closing.enter_context(opened)

        yield Listeners(
            http=managed(listen(host, options.http_port)),
            grpc=None if grpc is None else managed(hold(host, grpc, "--grpc-port")),
            metrics=None if metrics is None else managed(listen(host, metrics, "--metrics-port")),
            management=None if management is None else managed(management.listen()),
        )
