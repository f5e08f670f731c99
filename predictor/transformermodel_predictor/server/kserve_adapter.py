"""A prepared model in a stock KServe ModelServer. Only this module imports KServe's SDK; our own server does without.

from kserve import ModelServer

model = KServeModel("sentiment", Path("/mnt/models"))
model.load()
ModelServer().start([model])
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
from kserve import InferInput, InferOutput, InferRequest, InferResponse, Model
from kserve.errors import InvalidInput, ModelNotReady

from transformermodel_api.errors import UserError
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.batching import Overloaded
from transformermodel_predictor.handler import Handler
from transformermodel_predictor.handlers import make_handler
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.protocols import v1, v2
from transformermodel_predictor.protocols.columns import (
    parameters_of,
    questions_of,
    respond,
    respond_explained,
    wants_explanation,
)
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.inference import InferenceResponse
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.torchserve.reading.served import has_handler
from transformermodel_predictor.workers import Workers


class KServeModel(Model):  # type: ignore[misc] # KServe's SDK has no types
    """Serves a prepared model of any task through KServe's own server, for V1 and V2 over REST.

    Args:
        name: the model's name in URLs.
        directory: the prepared artifact.
    """

    def __init__(self, name: str, directory: Path) -> None:
        super().__init__(name)
        self._directory = directory
        self._handler: Handler | None = None

    def load(self) -> bool:
        """Verify the artifact and load it; return whether the model is ready.

        Raises:
            TransformerModelError: the artifact is damaged or an archive's, or its weights do not fit its task.
        """
        if has_handler(self._directory):
            raise UserError(f"{self._directory} is an archive with a handler: serve it with `transformermodel serve`")
        if self._handler is None:
            model = load_model(open_artifact(self._directory))
            model.warm_up()
            self._handler = make_handler(self.name, model, Workers())
        self.ready = True
        return self.ready

    def get_input_types(self) -> list[dict[str, Any]]:
        """The inputs in a model's metadata."""
        return self._metadata("inputs")

    def get_output_types(self) -> list[dict[str, Any]]:
        """The outputs in a model's metadata."""
        return self._metadata("outputs")

    async def predict(
        self,
        payload: dict[str, Any] | bytes | InferRequest,
        headers: Mapping[str, str] | None = None,
        response_headers: dict[str, str] | None = None,
    ) -> dict[str, Any] | InferResponse:
        """Answer a V1 body or a V2 request, which may ask for explanations; errors are KServe's."""
        with self._errors():
            if isinstance(payload, InferRequest):
                return await self._infer(payload)
            return await self._predict(_body(payload))

    async def explain(
        self, payload: dict[str, Any] | bytes | InferRequest, headers: Mapping[str, str] | None = None
    ) -> dict[str, Any] | InferResponse:
        """Answer and explain a V1 body or a V2 request."""
        with self._errors():
            if isinstance(payload, InferRequest):
                return await self._infer(payload, explain=True)
            return await self._explain(_body(payload))

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (InvalidQuestion, InvalidRequest, orjson.JSONDecodeError) as error:
            raise InvalidInput(str(error)) from error
        except Overloaded as error:
            raise ModelNotReady(self.name, str(error)) from error

    async def _predict(self, body: object) -> dict[str, Any]:
        handler = self._ready_handler()
        request = v1.read_request(body, handler.metadata.inputs)
        return v1.write_response(await handler.answer(request.questions, request.parameters))

    async def _explain(self, body: object) -> dict[str, Any]:
        handler = self._ready_handler()
        request = v1.read_request(body, handler.metadata.inputs)
        explained = await handler.explain(request.questions, request.parameters)
        return v1.write_explain_response(handler.metadata, explained)

    async def _infer(self, request: InferRequest, *, explain: bool = False) -> InferResponse:
        handler = self._ready_handler()
        v2_request = v2.read_request(_document(request))
        questions = questions_of(v2_request, handler.metadata.inputs)
        parameters = parameters_of(v2_request, handler.metadata.outputs)
        if explain or wants_explanation(v2_request):
            explained = await handler.explain(questions, parameters)
            return _infer_response(respond_explained(v2_request, handler.metadata, explained))
        return _infer_response(respond(v2_request, handler.metadata, await handler.answer(questions, parameters)))

    def _ready_handler(self) -> Handler:
        if self._handler is None:
            raise ModelNotReady(self.name)
        return self._handler

    def _metadata(self, member: str) -> list[dict[str, Any]]:
        handler = self._ready_handler()
        specs: list[dict[str, Any]] = v2.write_metadata(handler.metadata, handler.explanation_facts)[member]
        return [{name: spec[name] for name in ("name", "datatype", "shape")} for spec in specs]


def _body(payload: dict[str, Any] | bytes) -> object:
    """The parsed body: KServe passes on the bytes if the content type has a charset."""
    return orjson.loads(payload) if isinstance(payload, bytes) else payload


def _document(request: InferRequest) -> dict[str, Any]:
    """The request as the JSON body it came from."""
    return {
        "id": request.id,
        "parameters": request.parameters,
        "inputs": [
            {"name": tensor.name, "datatype": tensor.datatype, "shape": list(tensor.shape), "data": _data(tensor)}
            for tensor in request.inputs
        ],
        "outputs": [{"name": output.name} for output in request.request_outputs or ()],
    }


def _data(tensor: InferInput) -> list[Any]:
    """The elements; KServe gives those of a binary tensor as a numpy array only."""
    if tensor.data:
        return list(tensor.data)
    try:
        elements: list[Any] = tensor.as_numpy().ravel().tolist()
    except ValueError as error:
        raise InvalidRequest(f"input {tensor.name!r} does not match its shape") from error
    return elements


def _infer_response(response: InferenceResponse) -> InferResponse:
    return InferResponse(
        response_id=response.id,
        model_name=response.model_name,
        model_version=response.model_version,
        infer_outputs=[
            InferOutput(tensor.name, list(tensor.shape), tensor.datatype, list(tensor.data))
            for tensor in response.outputs
        ],
        parameters=dict(response.parameters) or None,
    )
