"""The routes for operators: liveness and metrics."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from transformermodel_predictor.server.bodies import JSONResponse
from transformermodel_predictor.server.models.models import Models, ModelState
from transformermodel_predictor.server.models.served import runs_handler
from transformermodel_predictor.telemetry.metrics import CONTENT_TYPE, Crew, Metrics
from transformermodel_predictor.torchserve.handler_model import HandlerModel


class OperationsRoutes:
    """The URLs that belong to no protocol."""

    def __init__(self, models: Models, metrics: Metrics) -> None:
        self._models = models
        self._metrics = metrics

    def routes(self) -> list[Route]:
        """What is answered where."""
        return [Route("/", self.alive), Route("/metrics", self.metrics)]

    async def alive(self, _: Request) -> JSONResponse:
        """Whether the server is up."""
        return JSONResponse({"status": "alive"})

    async def metrics(self, _: Request) -> Response:
        """The server's metrics, in Prometheus' text format."""
        served = [
            self._models.served(entry.name, entry.version)
            for entry in self._models.index
            if entry.state is ModelState.Ready
        ]
        self._metrics.handlers.keep(self._models.names)
        self._metrics.show_models(one.metadata for one in served)
        self._metrics.show_workers(_crew(one) for one in served if runs_handler(one))
        return Response(self._metrics.exposition(), media_type=CONTENT_TYPE)


def _crew(model: HandlerModel) -> Crew:
    metadata, workers = model.metadata, model.workers
    ready, memory = sum(worker.ready for worker in workers), sum(worker.memory for worker in workers)
    return Crew(metadata.name, metadata.version, len(workers), ready, memory)
