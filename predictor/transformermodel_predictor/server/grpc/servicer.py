"""V2's RPCs."""

import asyncio
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from importlib.metadata import version

import grpc

from transformermodel_predictor.protocols import v2_grpc
from transformermodel_predictor.protocols.errors import ModelNotReady
from transformermodel_predictor.protocols.messages import (
    SERVICE,
    AnyMessage,
    RepositoryIndexRequest,
    RepositoryIndexResponse,
    messages,
    unknown_field,
)
from transformermodel_predictor.server.grpc.call import Context, Method, answering, cancelled_by_client, receive_message
from transformermodel_predictor.server.handlers import v2_asking as handler_v2_asking
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.models.served import runs_handler
from transformermodel_predictor.server.routes.repository import TRITONS_STATE, load, require_own, unload
from transformermodel_predictor.server.routes.v2 import EXTENSIONS
from transformermodel_predictor.server.v2_asking import infer

_PROTOCOL = "grpc"

_TRITONS_MODEL_NAME = 2
"""Number of the field in which Triton's clients name the model to load; KServe's is 1."""

_TRITONS_PARAMETERS = 3
"""Number of the field in which they say how; KServe's message has none."""

_NOT_SHOWN = frozenset({"authorization"})
"""Metadata that is meant for the server, and for no handler."""


class InferenceServicer:
    """KServe's GRPCInferenceService for the models of a server.

    Args:
        models: the registry.
        inference: what is asked.
        ends: set before the server cancels its calls.
        most_bytes: of a message; gRPC refuses those that have more.
    """

    def __init__(self, models: Models, inference: Inference, ends: asyncio.Event, most_bytes: int) -> None:
        self._models = models
        self._inference = inference
        self._ends = ends
        self._receive = partial(receive_message, most_bytes=most_bytes, ends=ends)

    def handlers(self) -> grpc.GenericRpcHandler:
        """What is answered where."""
        methods: dict[str, tuple[Method, AnyMessage]] = {
            name: (getattr(self, _python_name(name)), getattr(messages, f"{name}Request"))
            for name in messages.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods_by_name
        }
        methods["RepositoryIndex"] = self.repository_index, RepositoryIndexRequest
        return grpc.method_handlers_generic_handler(
            SERVICE, {name: self._handler(name, method, kind) for name, (method, kind) in methods.items()}
        )

    def _handler(self, name: str, method: Method, kind: AnyMessage) -> grpc.RpcMethodHandler:
        """Of a call of one message, which the wire does not tell from a stream."""
        reading = self._reading if name == "ModelInfer" else nullcontext
        answer = answering(name, kind, method, self._receive, reading)
        return grpc.stream_unary_rpc_method_handler(answer, None, lambda response: response.SerializeToString())

    def _reading(self, context: Context) -> AbstractContextManager[object]:
        """While a request for inference is read: one that cannot be counts nevertheless."""
        return self._inference.reading(_PROTOCOL, dict(context.invocation_metadata()))

    async def server_live(self, _: AnyMessage, __: Context) -> AnyMessage:
        """That the server answers."""
        return messages.ServerLiveResponse(live=True)

    async def server_ready(self, _: AnyMessage, __: Context) -> AnyMessage:
        """Whether all models are ready."""
        return messages.ServerReadyResponse(ready=self._models.ready)

    async def model_ready(self, request: AnyMessage, _: Context) -> AnyMessage:
        """Whether a model is ready."""
        try:
            self._models.require_ready(request.name, request.version)
        except ModelNotReady:
            return messages.ModelReadyResponse(ready=False)
        return messages.ModelReadyResponse(ready=True)

    async def server_metadata(self, _: AnyMessage, __: Context) -> AnyMessage:
        """The server's name, version and extensions of the protocol."""
        return messages.ServerMetadataResponse(
            name="transformermodel", version=version("transformermodel"), extensions=EXTENSIONS
        )

    async def model_metadata(self, request: AnyMessage, _: Context) -> AnyMessage:
        """What clients may know of a model."""
        served = self._models.served(request.name, request.version)
        explained = not runs_handler(served) and served.explanation_facts is not None
        return v2_grpc.write_metadata(served.metadata, self._models.find(request.name).names, explained=explained)

    async def model_infer(self, request: AnyMessage, context: Context) -> AnyMessage:
        """Answers to the texts in the tensors, with explanations where the parameter `explain` is true."""
        headers = dict(context.invocation_metadata())
        with (
            self._inference.request(_PROTOCOL, request.model_name, request.model_version, headers) as handler,
            cancelled_by_client(self._ends),
        ):
            asked = v2_grpc.read_request(request, self._inference.limits.rows)
            if runs_handler(handler):
                shown = {
                    name: value for name, value in headers.items() if name not in _NOT_SHOWN and type(value) is str
                }
                answered = await handler_v2_asking.ask(self._inference, handler, asked, shown)
                return v2_grpc.write_response(answered, asked)
            return v2_grpc.write_response(await infer(self._inference, handler, asked), asked)

    async def repository_model_load(self, request: AnyMessage, _: Context) -> AnyMessage:
        """Load a model that this server knows."""
        name = _model_name(request)
        require_own(unknown_field(request, _TRITONS_PARAMETERS))
        await load(self._models, name)
        return messages.RepositoryModelLoadResponse(model_name=name, isLoaded=True)

    async def repository_model_unload(self, request: AnyMessage, _: Context) -> AnyMessage:
        """Unload a model once it has answered what it has."""
        name = _model_name(request)
        await unload(self._models, name)
        return messages.RepositoryModelUnloadResponse(model_name=name, isUnloaded=True)

    async def repository_index(self, request: AnyMessage, _: Context) -> AnyMessage:
        """All models with their states."""
        response: AnyMessage = RepositoryIndexResponse()
        for entry in self._models.index:
            state = TRITONS_STATE[entry.state]
            if state == "READY" or not request.ready:
                response.models.add(name=entry.name, version=entry.version, state=state, reason=entry.reason)
        return response


def _python_name(method: str) -> str:
    """`ModelInfer` as `model_infer`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method).lstrip("_")


def _model_name(request: AnyMessage) -> str:
    name: str = request.model_name or _text(unknown_field(request, _TRITONS_MODEL_NAME))
    return name


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""
