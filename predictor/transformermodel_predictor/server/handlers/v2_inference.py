"""Answers a V2 request, over HTTP or gRPC, with a model's handler."""

from collections.abc import Mapping

from transformermodel_predictor.protocols import handler_v2
from transformermodel_predictor.protocols.columns import timeout_of, wants_explanation
from transformermodel_predictor.protocols.envelopes import envelope_of
from transformermodel_predictor.protocols.inference import InferenceRequest, InferenceResponse
from transformermodel_predictor.server.handlers.headers import calls_of
from transformermodel_predictor.server.handlers.row_calls import call_rows
from transformermodel_predictor.server.header_names import REQUEST_ID
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.torchserve.call import CallKind
from transformermodel_predictor.torchserve.handler_model import HandlerModel


async def infer(
    inference: Inference,
    model: HandlerModel,
    request: InferenceRequest,
    headers: Mapping[str, str],
    kind: CallKind | None = None,
) -> InferenceResponse:
    """Answer the rows of a request, or explain them.

    Args:
        inference: runs requests.
        model: the model.
        request: the request.
        headers: the request's headers, which the handler may read.
        kind: predict or explain; when None, explain if the request asks for it.

    Raises:
        InvalidRequest: the tensors or parameters do not follow the protocol.
        TooManyRows: the tensors have more rows than the server allows.
        HandlerUnavailable, HandlerFailed, DeadlineExceeded: as `call_rows`.
    """
    kind = kind or (CallKind.explain if wants_explanation(request) else CallKind.predict)
    envelope = envelope_of(model.settings)
    rows = handler_v2.rows_of(request, envelope, inference.limits.rows)
    replies = await call_rows(inference, model, calls_of(kind, rows, headers), timeout_of(request))
    return handler_v2.respond(request, model.metadata, envelope, kind, replies, headers.get(REQUEST_ID))
