"""The HTTP server of the management API, on loopback alone."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import Request

from transformermodel_predictor.protocols.errors import Unauthorized
from transformermodel_predictor.protocols.torchserve_errors import error_document
from transformermodel_predictor.server.application import Application
from transformermodel_predictor.server.handlers.archives import Archives
from transformermodel_predictor.server.management.options import ManagementOptions
from transformermodel_predictor.server.management.registrar import Registrar
from transformermodel_predictor.server.management.routes import ManagementRoutes
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.side_server import SideServer


class ManagementServer:
    """Serves the management API to clients with its token. To be created on the event loop.

    Args:
        models: the registry.
        archives: opens archives and starts workers.
        options: the management API's options.
    """

    def __init__(self, models: Models, archives: Archives, options: ManagementOptions) -> None:
        self._options = options
        self._routes = ManagementRoutes(
            models, Registrar(models, archives, options.model_store, options.installs_requirements)
        )
        self._server = SideServer(
            Application(self._routes.routes(), [self._require_token], default_form=error_document)
        )

    def start(self, listener: socket.socket) -> None:
        """Answer on a socket."""
        self._server.start(listener)

    async def end(self) -> None:
        """Take no new requests, cancel those under way, and end."""
        self._server.close()
        await self._routes.end()
        await self._server.ended()

    def _require_token(self, request: Request) -> None:
        if not self._options.token.in_header(request.headers.get("authorization")):
            raise Unauthorized


@asynccontextmanager
async def management_server(
    models: Models, archives: Archives, options: ManagementOptions | None, listener: socket.socket | None
) -> AsyncIterator[int | None]:
    """Run the management API, if there is one, for as long as the context lasts; yields its port."""
    if options is None or listener is None:
        yield None
        return
    server = ManagementServer(models, archives, options)
    server.start(listener)
    try:
        yield listener.getsockname()[1]
    finally:
        await server.end()
