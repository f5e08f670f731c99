"""From a request of V2 to its response, whether it came over HTTP or gRPC, for a model that runs a handler."""

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


async def ask(
    inference: Inference,
    model: HandlerModel,
    asked: InferenceRequest,
    headers: Mapping[str, str],
    kind: CallKind | None = None,
) -> InferenceResponse:
    """Answer the rows of a request, or explain them.

    Args:
        inference: what is asked through.
        model: the model.
        asked: the request.
        headers: the request's, which the handler may see.
        kind: what is asked; as the request says when None.

    Raises:
        InvalidRequest: the tensors or parameters are not what the protocol says.
        TooManyRows: they have more rows than the server allows.
        HandlerUnavailable, HandlerFailed, DeadlineExceeded: as `call_rows`.
    """
    kind = kind or (CallKind.explain if wants_explanation(asked) else CallKind.predict)
    envelope = envelope_of(model.settings)
    rows = handler_v2.rows_of(asked, envelope, inference.limits.rows)
    replies = await call_rows(inference, model, calls_of(kind, rows, headers), timeout_of(asked))
    return handler_v2.respond(asked, model.metadata, envelope, kind, replies, headers.get(REQUEST_ID))
