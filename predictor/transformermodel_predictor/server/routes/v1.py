"""The routes of KServe's V1 protocol."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from transformermodel_predictor.handler import Handler
from transformermodel_predictor.protocols import v1
from transformermodel_predictor.server.bodies import JSONResponse, read_json
from transformermodel_predictor.server.connection import while_connected
from transformermodel_predictor.server.explained_response import explained_response, wanted_format
from transformermodel_predictor.server.handlers import v1_inference as handler_v1_inference
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.models.served import runs_handler
from transformermodel_predictor.torchserve.call import CallKind
from transformermodel_predictor.torchserve.handler_model import HandlerModel


class V1Routes:
    """KServe's V1 protocol for the models of a server."""

    def __init__(self, models: Models, inference: Inference, max_body_bytes: int) -> None:
        self._models = models
        self._inference = inference
        self._max_body_bytes = max_body_bytes

    def routes(self) -> list[Route]:
        """What is answered where."""
        return [
            Route("/v1/models", self.list_models),
            Route("/v1/models/{name}:predict", self.predict, methods=["POST"]),
            Route("/v1/models/{name}:explain", self.explain, methods=["POST"]),
            Route("/v1/models/{name}", self.ready),
        ]

    async def list_models(self, _: Request) -> JSONResponse:
        """The names of the models."""
        return JSONResponse({"models": self._models.names})

    async def ready(self, request: Request) -> JSONResponse:
        """Whether a model is ready; 503 when it is not."""
        name = request.path_params["name"]
        self._models.require_ready(name)
        return JSONResponse({"name": name, "ready": True})

    async def predict(self, request: Request) -> JSONResponse:
        """Predict for instances."""
        with self._inference.request("v1", **request.path_params, headers=request.headers) as handler:
            if runs_handler(handler):
                return await self._infer(request, handler, CallKind.predict)
            v1_request = await self._read(request, handler)
            work = self._inference.answer(handler, v1_request.questions, v1_request.parameters)
            return JSONResponse(v1.write_response(await while_connected(request, work)))

    async def explain(self, request: Request) -> Response:
        """Predict for instances and explain the answers: tokens and words with their importances."""
        with self._inference.request("v1", **request.path_params, headers=request.headers) as handler:
            if runs_handler(handler):
                return await self._infer(request, handler, CallKind.explain)
            wanted = wanted_format(request)
            v1_request = await self._read(request, handler)
            work = self._inference.explain(handler, v1_request.questions, v1_request.parameters)
            explained = await while_connected(request, work)
            return explained_response(
                wanted,
                handler.metadata.name,
                v1_request.questions,
                explained,
                lambda: JSONResponse(v1.write_explain_response(handler.metadata, explained)),
            )

    async def _read(self, request: Request, handler: Handler) -> v1.PredictRequest:
        body = await read_json(request, self._max_body_bytes)
        return v1.read_request(body, handler.metadata.inputs, self._inference.limits.rows)

    async def _infer(self, request: Request, model: HandlerModel, kind: CallKind) -> JSONResponse:
        """The answers of an archive's handler to the instances."""
        body = await read_json(request, self._max_body_bytes)
        work = handler_v1_inference.infer(self._inference, model, kind, body, request.headers)
        return JSONResponse(await while_connected(request, work))
