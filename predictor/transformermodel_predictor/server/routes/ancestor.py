"""The routes of TorchServe's inference API."""

from collections.abc import Mapping
from contextlib import ExitStack
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.server import native_answers
from transformermodel_predictor.server.bodies import JSONResponse, read_body
from transformermodel_predictor.server.form import content_type, is_form, read_form
from transformermodel_predictor.server.handlers import answers as handler_answers
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.models.served import runs_handler
from transformermodel_predictor.server.routes.openapi import model_document, openapi_document
from transformermodel_predictor.torchserve.call import CallKind

_ANY = ["GET", "POST", "PUT"]
"""TorchServe calls its handlers for any of these methods."""

_WITH_BODY = ("POST", "PUT")
"""Methods with a body, which a prepared model needs."""

_MODEL_NAME = "model_name"
_PROTOCOL = "torchserve"


class AncestorRoutes:
    """`/predictions/NAME`, `/explanations/NAME` and the other URLs of TorchServe's inference API."""

    def __init__(self, models: Models, inference: Inference, max_body_bytes: int) -> None:
        self._models = models
        self._inference = inference
        self._max_body_bytes = max_body_bytes

    def routes(self) -> list[Route]:
        """What is answered where."""
        below = ("{name}", "{name}/{version}", "{name}/{version}/{path:path}")
        inference = [
            *(Route(f"/predictions/{path}", self.predict, methods=_ANY) for path in below),
            *(Route(f"/explanations/{path}", self.explain, methods=_ANY) for path in below),
        ]
        return [
            Route("/ping", self.ping),
            Route("/models", self.list_models),
            *inference,
            Route("/invocations", self.invoke, methods=_ANY),
            Route("/models/{name}/invoke", self.predict, methods=_ANY),
            *self._openapi(inference),
        ]

    async def ping(self, _: Request) -> JSONResponse:
        """Whether all models are ready; 503 when they are not."""
        ready = self._models.ready
        return JSONResponse({"status": "Healthy" if ready else "Unhealthy"}, 200 if ready else 503)

    async def list_models(self, _: Request) -> JSONResponse:
        """The names of the models, as TorchServe's management API has them."""
        slots = [self._models.find(name).default for name in self._models.names]
        return JSONResponse({"models": [{"modelName": slot.name, "modelUrl": slot.url} for slot in slots]})

    async def predict(self, request: Request) -> Response:
        """The answer of a model's handler; for a prepared model the answer alone, as text or JSON."""
        return await self._answer(request, CallKind.predict)

    async def explain(self, request: Request) -> Response:
        """The explanation of a model's handler; for a prepared model tokens and their importances."""
        return await self._answer(request, CallKind.explain)

    async def invoke(self, request: Request) -> Response:
        """As `/predictions`, for the model in `model_name` of the query or the form, else for the only model."""
        with self._inference.reading(_PROTOCOL, request.headers):
            name = request.query_params.get(_MODEL_NAME)
            if name is None:
                body = await read_body(request, self._max_body_bytes, as_sent=True)
                name = await _model_in_form(request, body)
                request = _replayed(request, body)
            names = self._models.names
            if name is None and len(names) != 1:
                raise InvalidRequest(f"name the model, as in /invocations?model_name={next(iter(names), 'NAME')}")
        request.scope["path_params"] = {"name": name or names[0]}
        return await self._answer(request, CallKind.predict)

    async def _answer(self, request: Request, kind: CallKind) -> Response:
        name, version = request.path_params["name"], request.path_params.get("version", "")
        with ExitStack() as until_answered:
            measured = self._inference.request(_PROTOCOL, name, version, request.headers)
            served = until_answered.enter_context(measured)
            limit = self._max_body_bytes
            if runs_handler(served):
                return await handler_answers.answer(self._inference, request, served, kind, limit, until_answered)
            _require_native_url(request)
            native = native_answers.explain if kind is CallKind.explain else native_answers.predict
            return await native(self._inference, request, served, limit)

    def _openapi(self, inference: list[Route]) -> list[Route]:
        """Routes to each model's own OpenAPI document, for OPTIONS."""
        document = openapi_document(inference)

        async def options(request: Request) -> JSONResponse:
            """The OpenAPI document of a model's URLs."""
            name = request.path_params["name"]
            self._models.find(name)
            return JSONResponse(model_document(document, name))

        return [Route(f"/{kind}/{{name}}", options, methods=["OPTIONS"]) for kind in ("predictions", "explanations")]


def _require_native_url(request: Request) -> None:
    """Check that a prepared model can answer: it reads the body, and no path after the version.

    Raises:
        HTTPException: the method has no body (405), or the path continues after the version (404).
    """
    if request.path_params.get("path"):
        raise HTTPException(404, "a prepared model has no URLs below its version, as handlers may have")
    if request.method not in _WITH_BODY:
        raise HTTPException(405, headers={"allow": ", ".join(_WITH_BODY)})


async def _model_in_form(request: Request, body: bytes) -> str | None:
    """The model that the body names, if the body is a form with that field."""
    fields = await read_form(request, body) if is_form(content_type(request)) else []
    return next((field.value.decode(errors="replace") for field in fields if field.name == _MODEL_NAME), None)


def _replayed(request: Request, body: bytes) -> Request:
    """The request with its body, which has been read, to be read again."""
    messages: list[Mapping[str, Any]] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Message:
        return dict(messages.pop()) if messages else await request.receive()

    return Request(request.scope, receive)
