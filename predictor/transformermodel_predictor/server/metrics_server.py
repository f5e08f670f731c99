"""A separate port for Prometheus: it needs no token, and serves nothing but the metrics."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.routing import Route

from transformermodel_predictor.server.application import Application
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.routes.operations import OperationsRoutes
from transformermodel_predictor.server.side_server import SideServer
from transformermodel_predictor.telemetry.metrics import Metrics


@asynccontextmanager
async def metrics_server(models: Models, metrics: Metrics, listener: socket.socket | None) -> AsyncIterator[int | None]:
    """Serve GET /metrics on a socket of its own, if there is one, for as long as the context lasts; yields its port."""
    if listener is None:
        yield None
        return
    server = SideServer(Application([Route("/metrics", OperationsRoutes(models, metrics).metrics)]))
    server.start(listener)
    try:
        yield listener.getsockname()[1]
    finally:
        server.close()
        await server.ended()
