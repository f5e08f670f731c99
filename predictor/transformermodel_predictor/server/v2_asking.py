"""From a request of V2 to its response, whether it came over HTTP or gRPC."""

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
    inference: Inference, handler: Handler, asked: InferenceRequest, request_id: str | None = None
) -> InferenceResponse:
    """Answer a request, with explanations where it asks for them.

    Args:
        inference: what is asked through.
        handler: the model.
        asked: the request.
        request_id: the response's id where the request has none.

    Raises:
        InvalidRequest: the request's tensors or parameters are not what the protocol says.
        InvalidQuestion, TextTooLarge, Overloaded, DeadlineExceeded: as `Inference.answer`.
    """
    if wants_explanation(asked):
        explained = await explain(inference, handler, asked)
        return respond_explained(asked, handler.metadata, explained, request_id)
    questions, parameters = questions_of(asked, handler.metadata.inputs), parameters_of(asked, handler.metadata.outputs)
    answers = await inference.answer(handler, questions, parameters, timeout_of(asked))
    return respond(asked, handler.metadata, answers, request_id)


async def explain(inference: Inference, handler: Handler, asked: InferenceRequest) -> list[Explained]:
    """Answer a request's rows and explain the answers; errors as `infer`."""
    questions, parameters = questions_of(asked, handler.metadata.inputs), parameters_of(asked, handler.metadata.outputs)
    return await inference.explain(handler, questions, parameters, timeout_of(asked))
