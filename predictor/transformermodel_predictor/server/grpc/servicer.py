"""KServe's GRPCInferenceService: V2's RPCs."""

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
from transformermodel_predictor.server.handlers import v2_inference as handler_v2_inference
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.models.served import runs_handler
from transformermodel_predictor.server.routes.repository import TRITON_STATES, load, refuse_load_parameters, unload
from transformermodel_predictor.server.routes.v2 import EXTENSIONS
from transformermodel_predictor.server.v2_inference import infer

_PROTOCOL = "grpc"

_TRITON_MODEL_NAME_FIELD = 2
"""Number of the field in which Triton's clients name the model to load; KServe's is 1."""

_TRITON_PARAMETERS_FIELD = 3
"""Number of the field in which Triton's clients send parameters of a load; KServe's message has none."""

_HIDDEN_METADATA = frozenset({"authorization"})
"""Metadata for the server alone, which handlers do not see."""


class InferenceServicer:
    """KServe's GRPCInferenceService for the models of a server.

    Args:
        models: the registry.
        inference: runs requests.
        ends: set before the server cancels its calls.
        most_bytes: most bytes of a message, which gRPC enforces.
    """

    def __init__(self, models: Models, inference: Inference, ends: asyncio.Event, most_bytes: int) -> None:
        self._models = models
        self._inference = inference
        self._ends = ends
        self._receive = partial(receive_message, most_bytes=most_bytes, ends=ends)

    def handlers(self) -> grpc.GenericRpcHandler:
        """The handlers of all RPCs."""
        methods: dict[str, tuple[Method, AnyMessage]] = {
            name: (getattr(self, _python_name(name)), getattr(messages, f"{name}Request"))
            for name in messages.DESCRIPTOR.services_by_name["GRPCInferenceService"].methods_by_name
        }
        methods["RepositoryIndex"] = self.repository_index, RepositoryIndexRequest
        return grpc.method_handlers_generic_handler(
            SERVICE, {name: self._handler(name, method, kind) for name, (method, kind) in methods.items()}
        )

    def _handler(self, name: str, method: Method, kind: AnyMessage) -> grpc.RpcMethodHandler:
        """The handler of a unary RPC, registered as a stream: on the wire there is no difference."""
        reading = self._reading if name == "ModelInfer" else nullcontext
        answer = answering(name, kind, method, self._receive, reading)
        return grpc.stream_unary_rpc_method_handler(answer, None, lambda response: response.SerializeToString())

    def _reading(self, context: Context) -> AbstractContextManager[object]:
        """Count a request for inference even if it cannot be received or parsed."""
        return self._inference.reading(_PROTOCOL, dict(context.invocation_metadata()))

    async def server_live(self, _: AnyMessage, __: Context) -> AnyMessage:
        """Whether the server is up."""
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
        """A model's metadata."""
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
            v2_request = v2_grpc.read_request(request, self._inference.limits.rows)
            if runs_handler(handler):
                visible = {
                    name: value
                    for name, value in headers.items()
                    if name not in _HIDDEN_METADATA and type(value) is str
                }
                response = await handler_v2_inference.infer(self._inference, handler, v2_request, visible)
            else:
                response = await infer(self._inference, handler, v2_request)
            return v2_grpc.write_response(response, v2_request)

    async def repository_model_load(self, request: AnyMessage, _: Context) -> AnyMessage:
        """Load a model that this server knows."""
        name = _model_name(request)
        refuse_load_parameters(unknown_field(request, _TRITON_PARAMETERS_FIELD))
        await load(self._models, name)
        return messages.RepositoryModelLoadResponse(model_name=name, isLoaded=True)

    async def repository_model_unload(self, request: AnyMessage, _: Context) -> AnyMessage:
        """Unload a model once its requests in flight are answered."""
        name = _model_name(request)
        await unload(self._models, name)
        return messages.RepositoryModelUnloadResponse(model_name=name, isUnloaded=True)

    async def repository_index(self, request: AnyMessage, _: Context) -> AnyMessage:
        """All models with their states."""
        response: AnyMessage = RepositoryIndexResponse()
        for entry in self._models.index:
            state = TRITON_STATES[entry.state]
            if state == "READY" or not request.ready:
                response.models.add(name=entry.name, version=entry.version, state=state, reason=entry.reason)
        return response


def _python_name(method: str) -> str:
    """`ModelInfer` as `model_infer`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in method).lstrip("_")


def _model_name(request: AnyMessage) -> str:
    name: str = request.model_name or _text(unknown_field(request, _TRITON_MODEL_NAME_FIELD))
    return name


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes) else ""
