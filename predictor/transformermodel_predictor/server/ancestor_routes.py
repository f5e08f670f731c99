"""TorchServe's inference URLs, for clients that were written for it."""

from collections.abc import Mapping
from typing import Any

import orjson
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import Message

from transformermodel_api.spec import TaskName
from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.explanations import write_ancestor_explained
from transformermodel_predictor.server.exchange import JSONResponse, parse_json, read_body, while_connected
from transformermodel_predictor.server.explained_response import FORMAT, explained_response
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.models import Models
from transformermodel_predictor.tasks.ancestor import read_body as read_question
from transformermodel_predictor.tasks.ancestor import write_answer

_FORMS = ("multipart/form-data", "application/x-www-form-urlencoded")
_TRUNCATED = "x-truncated-tokens"
"""Where the ancestor's answers, which are bare text, say how many tokens the model did not see."""


class AncestorRoutes:
    """`/predictions/NAME`, `/explanations/NAME` and what else TorchServe answers to those who ask for inference."""

    def __init__(self, models: Models, inference: Inference, max_body_bytes: int) -> None:
        self._models = models
        self._inference = inference
        self._max_body_bytes = max_body_bytes

    def routes(self) -> list[Route]:
        """What is answered where."""
        return [
            Route("/ping", self.ping),
            Route("/models", self.list_models),
            Route("/predictions/{name}", self.predict, methods=["POST", "PUT"]),
            Route("/predictions/{name}/{version}", self.predict, methods=["POST", "PUT"]),
            Route("/explanations/{name}", self.explain, methods=["POST", "PUT"]),
            Route("/explanations/{name}/{version}", self.explain, methods=["POST", "PUT"]),
        ]

    async def ping(self, _: Request) -> JSONResponse:
        """Whether all models are ready; 503 when they are not."""
        ready = self._models.ready
        return JSONResponse({"status": "Healthy" if ready else "Unhealthy"}, 200 if ready else 503)

    async def list_models(self, _: Request) -> JSONResponse:
        """The names of the models, as TorchServe's management API has them."""
        return JSONResponse({"models": [{"modelName": name, "modelUrl": name} for name in self._models.names]})

    async def predict(self, request: Request) -> Response:
        """The answer alone: the label, the answer or the text, or pairs of a token and its label as JSON."""
        with self._inference.request("torchserve", **request.path_params, headers=request.headers) as handler:
            task = _task(handler.metadata)
            asked = read_question(task, await _read_value(request, self._max_body_bytes))
            (answer,) = await while_connected(
                request, self._inference.answer(handler, [asked.fields], asked.parameters)
            )
            return _response(write_answer(task, answer.fields), answer.truncated)

    async def explain(self, request: Request) -> Response:
        """Tokens beside their importances: `words`, `importances` and `delta`; parameters are the URL's query."""
        with self._inference.request("torchserve", **request.path_params, headers=request.headers) as handler:
            task = _task(handler.metadata)
            asked = read_question(task, await _read_value(request, self._max_body_bytes))
            parameters = {name: value for name, value in request.query_params.items() if name != FORMAT}
            target = {} if asked.target is None else {"target": asked.target}
            (explained,) = await while_connected(
                request, self._inference.explain(handler, [asked.fields], {**parameters, **target})
            )
            written = write_ancestor_explained(task, explained)
            return explained_response(
                request, [asked.fields], [explained], lambda: _response(written, explained.truncated)
            )


def _task(metadata: ModelMetadata) -> TaskName:
    return TaskName(metadata.parameters["task"])


def _response(written: object, truncated: int) -> Response:
    headers = {_TRUNCATED: str(truncated)} if truncated else None
    if isinstance(written, str):
        return PlainTextResponse(written, headers=headers)
    return Response(orjson.dumps(written, option=orjson.OPT_INDENT_2), headers=headers, media_type="application/json")


async def _read_value(request: Request, limit: int) -> object:
    """The body: bytes as they came, the JSON value, or the parts of a form by their names.

    Raises:
        BodyTooLarge: it has more than `limit` bytes.
        InvalidRequest: it is not what its content type says.
    """
    body = await read_body(request, limit)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == "application/json":
        return parse_json(body)
    if kind in _FORMS:
        return await _read_form(request, body)
    return body


async def _read_form(request: Request, body: bytes) -> Mapping[str, Any]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        async with Request(request.scope, receive).form() as form:
            return {name: await _part(part) for name, part in form.items()}
    except MultiPartException as error:
        raise InvalidRequest(f"the form cannot be read: {error.message}") from None


async def _part(part: UploadFile | str) -> str:
    if isinstance(part, str):
        return part
    try:
        return (await part.read()).decode()
    except UnicodeDecodeError:
        raise InvalidRequest(f"part {part.filename!r} of the form must be UTF-8") from None
