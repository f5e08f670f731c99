"""The options of a server."""

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
    """The options of a server.

    Attributes:
        host: address to listen on; when None, all interfaces in a pod and loopback anywhere else.
        http_port: port of the HTTP server; 0 for any free one.
        grpc_port: port of the gRPC server; 0 for any free one, None for no gRPC server.
        metrics_port: separate port for /metrics, without token and TLS; 0 for any free one, None for no such port.
        drain_seconds: seconds to keep serving after SIGTERM, while not ready, so that clients can switch over.
        finish_seconds: seconds that requests in flight may take after the listener has closed.
        max_body_bytes: most bytes of a request's body or message.
        max_text_bytes: most bytes of text in one question.
        max_rows: most rows in one request: instances, texts of a tensor, prompts or messages.
        certificate: PEM file of the TLS certificate and its chain; None for plain HTTP and gRPC.
        key: PEM file of the certificate's private key.
        token: the token that clients must send, except for health checks; None for no token.
        threads: threads of a forward pass; by default, and at most, the CPUs that the process may use.
        access_log: whether to log requests, one line each, without their content.
        playground: whether to serve a page to try the models with; when None, only on loopback and not in a pod.
        management: options of the management API; None for no such API.
        packages: folder that caches archives' installed requirements; a temporary one when None.
        models: options of each model by name; defaults for those that are not named.
        on_ready: called with the server's addresses when all models are ready.
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
        """The options of a model."""
        return self.models.get(name, ModelOptions())

    @property
    def address(self) -> str:
        """The address to listen on."""
        return self.host or default_host(os.environ)

    @property
    def scheme(self) -> str:
        """The scheme of the HTTP server's URLs."""
        return "http" if self.certificate is None else "https"

    @property
    def has_playground(self) -> bool:
        """Whether to serve the playground."""
        if self.playground is None:
            return is_loopback(self.address) and not in_pod(os.environ)
        return self.playground

    @property
    def is_open(self) -> bool:
        """Whether anybody who can reach this machine may send requests, and read those of others."""
        return self.token is None and self.certificate is None and not is_loopback(self.address)

    def require_usable(self) -> None:
        """Check the options before anything slow happens, such as preparing models.

        Raises:
            UserError: certificate and key are not a matching pair of files, or the model store is not a folder.
        """
        if self.certificate is not None or self.key is not None:
            require_key_pair(self.certificate, self.key)
        if self.management is not None:
            self.management.require_usable()
