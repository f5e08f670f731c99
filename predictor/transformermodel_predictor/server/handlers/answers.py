"""TorchServe's inference URLs for models that run a handler."""

from contextlib import ExitStack

from starlette.requests import Request
from starlette.responses import Response

from transformermodel_predictor.server.connection import while_connected
from transformermodel_predictor.server.handlers.request import read_call
from transformermodel_predictor.server.handlers.response import HandlerResponse, PieceStream, failed_response
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.torchserve.call import CallKind, HandlerFailed, HandlerUnavailable
from transformermodel_predictor.torchserve.handler_model import HandlerModel


async def answer(
    inference: Inference,
    request: Request,
    model: HandlerModel,
    kind: CallKind,
    limit: int,
    until_answered: ExitStack,
) -> Response:
    """The handler's answer as it is: bytes, status and headers, whole or streamed; or its failure as a response.

    Args:
        inference: runs requests.
        request: the client's request.
        model: the model.
        kind: predict or explain.
        limit: most bytes of a body.
        until_answered: contexts held for the request; a streamed answer takes them over.

    Raises:
        BodyTooLarge, InvalidRequest: the body is too large, or a form that cannot be read.
    """
    call = await read_call(request, kind, limit)
    try:
        replies = inference.stream(model, call)
        first = await while_connected(request, anext(replies))
    except (HandlerFailed, HandlerUnavailable) as error:
        failed = failed_response(call, error)
        inference.set_status(failed.status_code)
        return failed
    inference.set_status(first.status)
    if first.more:
        return PieceStream(call, first, replies, until_answered.pop_all())
    return HandlerResponse(call, first)
