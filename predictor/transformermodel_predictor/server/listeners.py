"""The sockets of a server: opened before models are prepared, so that nobody else takes a port meanwhile."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from transformermodel_predictor.server.address import Addresses, hold, listen, place_of, url_of
from transformermodel_predictor.server.options import ServerOptions


@dataclass(frozen=True)
class Listeners:
    """Where a server can be asked; a client that connects early waits until the server takes it.

    Attributes:
        http: of the HTTP server.
        grpc: keeps the port of the gRPC server, which makes a socket of its own; None where gRPC is not spoken.
        metrics: where Prometheus alone is answered, if anywhere.
        management: of the management API, if there is one.
    """

    http: socket.socket
    grpc: socket.socket | None = None
    metrics: socket.socket | None = None
    management: socket.socket | None = None

    def addresses(self, scheme: str) -> Addresses:
        """As clients on this machine name them; the HTTP server's with its scheme."""
        return Addresses(
            url=url_of(self.http, scheme),
            grpc=None if self.grpc is None else place_of(self.grpc),
            metrics=None if self.metrics is None else f"{url_of(self.metrics)}/metrics",
            management=None if self.management is None else url_of(self.management),
        )


@contextmanager
def listening(options: ServerOptions) -> Iterator[Listeners]:
    """All sockets that the options want, while the context lasts.

    Raises:
        UserError: a port cannot be had; the text names its flag.
    """
    host, grpc, metrics, management = options.address, options.grpc_port, options.metrics_port, options.management
    with ExitStack() as closing:

        def kept(opened: socket.socket) -> socket.socket:
            return closing.enter_context(opened)

        yield Listeners(
            http=kept(listen(host, options.http_port)),
            grpc=None if grpc is None else kept(hold(host, grpc, "--grpc-port")),
            metrics=None if metrics is None else kept(listen(host, metrics, "--metrics-port")),
            management=None if management is None else kept(management.listen()),
        )
