"""Prometheus' own port: it needs no token, and answers nothing but what was measured."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.routing import Route

from transformermodel_predictor.server.address import listen
from transformermodel_predictor.server.application import Application
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.options import METRICS_FLAG, ServerOptions
from transformermodel_predictor.server.routes.operations import OperationsRoutes
from transformermodel_predictor.server.side_server import SideServer
from transformermodel_predictor.telemetry.metrics import Metrics


@asynccontextmanager
async def answering_prometheus(models: Models, metrics: Metrics, options: ServerOptions) -> AsyncIterator[int | None]:
    """GET /metrics while the context lasts, on a port of its own if the user wants one; that port.

    Raises:
        UserError: the port cannot be had.
    """
    if options.metrics_port is None:
        yield None
        return
    with listen(options.address, options.metrics_port, METRICS_FLAG) as listener:
        server = SideServer(Application([Route("/metrics", OperationsRoutes(models, metrics).metrics)]))
        server.start(listener)
        try:
            yield listener.getsockname()[1]
        finally:
            server.close()
            await server.ended()
