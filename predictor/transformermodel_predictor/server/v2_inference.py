"""Answers a V2 request, over HTTP or gRPC, with a prepared model."""

from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.handler import Handler
from transformermodel_predictor.protocols.columns import (
    parameters_of,
    questions_of,
    respond,
    respond_explained,
    timeout_of,
    wants_explanation,
)
from transformermodel_predictor.protocols.inference import InferenceRequest, InferenceResponse
from transformermodel_predictor.server.inference import Inference


async def infer(
    inference: Inference, handler: Handler, request: InferenceRequest, request_id: str | None = None
) -> InferenceResponse:
    """Answer a request, with explanations if it asks for them.

    Args:
        inference: runs requests.
        handler: the model.
        request: the request.
        request_id: the response's id if the request has none.

    Raises:
        InvalidRequest: the tensors or parameters do not follow the protocol.
        InvalidQuestion, TextTooLarge, Overloaded, DeadlineExceeded: as `Inference.answer`.
    """
    if wants_explanation(request):
        explained = await explain(inference, handler, request)
        return respond_explained(request, handler.metadata, explained, request_id)
    questions = questions_of(request, handler.metadata.inputs)
    parameters = parameters_of(request, handler.metadata.outputs)
    answers = await inference.answer(handler, questions, parameters, timeout_of(request))
    return respond(request, handler.metadata, answers, request_id)


async def explain(inference: Inference, handler: Handler, request: InferenceRequest) -> list[Explained]:
    """Answer a request's rows and explain the answers; errors are those of `infer`."""
    questions = questions_of(request, handler.metadata.inputs)
    parameters = parameters_of(request, handler.metadata.outputs)
    return await inference.explain(handler, questions, parameters, timeout_of(request))
