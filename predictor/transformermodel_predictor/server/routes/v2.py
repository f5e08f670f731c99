"""The routes of the Open Inference Protocol (V2)."""

from importlib.metadata import version
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from transformermodel_predictor.handler import Handler
from transformermodel_predictor.protocols import v2
from transformermodel_predictor.protocols.binary import CONTENT_TYPE, HEADER_LENGTH, split_body
from transformermodel_predictor.protocols.columns import questions_of, respond_explained, wants_explanation
from transformermodel_predictor.protocols.inference import InferenceRequest, InferenceResponse
from transformermodel_predictor.server import v2_inference
from transformermodel_predictor.server.bodies import JSONResponse, parse_json, read_body
from transformermodel_predictor.server.connection import while_connected
from transformermodel_predictor.server.explained_response import explained_response, wanted_format
from transformermodel_predictor.server.handlers import v2_inference as handler_v2_inference
from transformermodel_predictor.server.header_names import REQUEST_ID
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.models.served import runs_handler
from transformermodel_predictor.torchserve.call import CallKind

EXTENSIONS = ("binary_tensor_data", "model_repository")
"""The supported extensions of V2, by their names in the protocol."""


class V2Routes:
    """The Open Inference Protocol for the models of a server."""

    def __init__(self, models: Models, inference: Inference, max_body_bytes: int) -> None:
        self._models = models
        self._inference = inference
        self._max_body_bytes = max_body_bytes
        self._server = {"name": "transformermodel", "version": version("transformermodel"), "extensions": EXTENSIONS}

    def routes(self) -> list[Route]:
        """What is answered where."""
        model, of_version = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
        return [
            Route("/v2", self.metadata),
            Route("/v2/health/live", self.live),
            Route("/v2/health/ready", self.ready),
            Route("/v2/models", self.list_models),
            *(Route(path, self.model_metadata) for path in (model, of_version)),
            *(Route(f"{path}/ready", self.model_ready) for path in (model, of_version)),
            *(Route(f"{path}/infer", self.infer, methods=["POST"]) for path in (model, of_version)),
            *(Route(f"{path}/explain", self.explain, methods=["POST"]) for path in (model, of_version)),
        ]

    async def metadata(self, _: Request) -> JSONResponse:
        """The server's name, version and extensions of the protocol."""
        return JSONResponse(self._server)

    async def live(self, _: Request) -> JSONResponse:
        """Whether the server is up."""
        return JSONResponse({"live": True})

    async def ready(self, _: Request) -> JSONResponse:
        """Whether all models are ready; 503 when they are not."""
        ready = self._models.ready
        return JSONResponse({"ready": ready}, 200 if ready else 503)

    async def list_models(self, _: Request) -> JSONResponse:
        """The names of the models."""
        return JSONResponse({"models": self._models.names})

    async def model_metadata(self, request: Request) -> JSONResponse:
        """A model's metadata: its tensors, labels and versions."""
        served = self._models.served(**request.path_params)
        explanations = None if runs_handler(served) else served.explanation_facts
        versions = self._models.find(request.path_params["name"]).names
        return JSONResponse(v2.write_metadata(served.metadata, explanations, versions))

    async def model_ready(self, request: Request) -> JSONResponse:
        """Whether a model is ready; 503 when it is not."""
        self._models.require_ready(**request.path_params)
        return JSONResponse({"name": request.path_params["name"], "ready": True})

    async def infer(self, request: Request) -> Response:
        """Infer from the tensors. The answer's id is the body's, else that of the header x-request-id."""
        with self._inference.request("v2", **request.path_params, headers=request.headers) as handler:
            v2_request = await self._read(request)
            if runs_handler(handler):
                work = handler_v2_inference.infer(self._inference, handler, v2_request, request.headers)
                return _response(await while_connected(request, work), v2_request)
            if wants_explanation(v2_request):
                return await self._explained(request, handler, v2_request)
            work = v2_inference.infer(self._inference, handler, v2_request, request.headers.get(REQUEST_ID))
            return _response(await while_connected(request, work), v2_request)

    async def explain(self, request: Request) -> Response:
        """Infer and explain: the output `explanation` has one JSON text per row."""
        with self._inference.request("v2", **request.path_params, headers=request.headers) as handler:
            v2_request = await self._read(request)
            if runs_handler(handler):
                work = handler_v2_inference.infer(
                    self._inference, handler, v2_request, request.headers, CallKind.explain
                )
                return _response(await while_connected(request, work), v2_request)
            return await self._explained(request, handler, v2_request)

    async def _explained(self, request: Request, handler: Handler, v2_request: InferenceRequest) -> Response:
        wanted = wanted_format(request)
        explained = await while_connected(request, v2_inference.explain(self._inference, handler, v2_request))
        answer = respond_explained(v2_request, handler.metadata, explained, request.headers.get(REQUEST_ID))
        questions = questions_of(v2_request, handler.metadata.inputs)
        name = handler.metadata.name
        return explained_response(wanted, name, questions, explained, lambda: _response(answer, v2_request))

    async def _read(self, request: Request) -> InferenceRequest:
        body = await read_body(request, self._max_body_bytes)
        header, binary = split_body(body, request.headers.get(HEADER_LENGTH))
        return v2.read_request(parse_json(header), binary, self._inference.limits.rows)


def _response(response: InferenceResponse, v2_request: InferenceRequest) -> Response:
    """The JSON part, followed by the tensors that were requested as bytes."""
    document: dict[str, Any]
    document, binary = v2.write_response(response, v2_request)
    json_part = JSONResponse(document)
    if not binary:
        return json_part
    headers = {HEADER_LENGTH: str(len(json_part.body))}
    return Response(b"".join((json_part.body, *binary)), headers=headers, media_type=CONTENT_TYPE)
