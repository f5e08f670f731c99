"""What the user can say about the server."""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from transformermodel_predictor.server.address import Addresses, default_host, in_pod, is_loopback
from transformermodel_predictor.server.certificate import require_key_pair
from transformermodel_predictor.server.management.options import ManagementOptions
from transformermodel_predictor.server.models.options import ModelOptions
from transformermodel_predictor.server.token import Token


@dataclass(frozen=True)
class ServerOptions:
    """How the models are served.

    Attributes:
        host: address to listen on; loopback on one machine and all interfaces in a pod when None.
        http_port: port of the HTTP server; 0 takes a free one.
        grpc_port: port of the gRPC server; 0 takes a free one, None is no gRPC server.
        metrics_port: port on which /metrics is answered without the token and without TLS; 0 takes a free one, None is
            no such port.
        drain_seconds: how long to serve on, not ready, after SIGTERM, while clients learn that this server goes.
        finish_seconds: how long requests in flight may take to finish after the listener has closed.
        max_body_bytes: largest request body or message that is read.
        max_text_bytes: most bytes of text in one question that are tokenized.
        max_rows: most rows in one request: instances, texts of a tensor, prompts or messages.
        certificate: PEM file of the TLS certificate, with those above it; plain HTTP and gRPC when None.
        key: PEM file of the certificate's private key.
        token: what clients must send, but for health; nothing when None.
        threads: threads of a forward pass; the CPUs that the process may use when None, and never more.
        access_log: whether requests are logged, one line each, without anybody's text.
        playground: whether there is a page to try the models with; where only this machine reaches it, and not in a
            pod, when None.
        management: how the server is managed while it runs; not at all when None.
        packages: folder of this machine in which what archives require is found again; a passing one when None.
        models: how each model is run, by its name; as `ModelOptions` has it where it is not named.
        on_ready: called when all models are ready, with where they can be asked.
    """

    host: str | None = None
    http_port: int = 8080
    grpc_port: int | None = None
    metrics_port: int | None = None
    drain_seconds: float = 0.0
    finish_seconds: int = 30
    max_body_bytes: int = 8 * 1024 * 1024
    max_text_bytes: int = 1024 * 1024
    max_rows: int = 4096
    certificate: Path | None = None
    key: Path | None = None
    token: Token | None = None
    threads: int | None = None
    access_log: bool = False
    playground: bool | None = None
    management: ManagementOptions | None = None
    packages: Path | None = None
    models: Mapping[str, ModelOptions] = field(default_factory=dict)
    on_ready: Callable[[Addresses], None] | None = None

    def of_model(self, name: str) -> ModelOptions:
        """How a model is run."""
        return self.models.get(name, ModelOptions())

    @property
    def address(self) -> str:
        """The host that is listened on."""
        return self.host or default_host(os.environ)

    @property
    def scheme(self) -> str:
        """Of the HTTP server's URLs."""
        return "http" if self.certificate is None else "https"

    @property
    def has_playground(self) -> bool:
        """Whether there is a page to try the models with."""
        if self.playground is None:
            return is_loopback(self.address) and not in_pod(os.environ)
        return self.playground

    @property
    def is_open(self) -> bool:
        """Whether anybody who reaches this machine may ask, and read what others ask."""
        return self.token is None and self.certificate is None and not is_loopback(self.address)

    def require_usable(self) -> None:
        """Find out early, before models are prepared, whether the server could begin.

        Raises:
            UserError: the certificate and its key are not a pair of files, or the model store is no folder.
        """
        if self.certificate is not None or self.key is not None:
            require_key_pair(self.certificate, self.key)
        if self.management is not None:
            self.management.require_usable()
