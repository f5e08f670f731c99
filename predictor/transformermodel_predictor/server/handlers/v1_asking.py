"""From V1's body to its response, for a model that runs a handler."""

from collections.abc import Mapping
from typing import Any

from transformermodel_predictor.protocols import handler_v1
from transformermodel_predictor.protocols.envelopes import envelope_of
from transformermodel_predictor.server.handlers.headers import calls_of
from transformermodel_predictor.server.handlers.row_calls import call_rows
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.torchserve.call import CallKind
from transformermodel_predictor.torchserve.handler_model import HandlerModel


async def ask(
    inference: Inference, model: HandlerModel, kind: CallKind, body: object, headers: Mapping[str, str]
) -> Any:  # noqa: ANN401 - any JSON value
    """Answer, or explain, the instances of a body.

    Args:
        inference: what is asked through.
        model: the model.
        kind: what is asked.
        body: the parsed body.
        headers: the request's, which the handler may see.

    Raises:
        InvalidRequest: the body is not what the protocol says.
        TooManyRows: it has more instances than the server allows.
        HandlerUnavailable, HandlerFailed: as `call_rows`.
    """
    envelope = envelope_of(model.settings)
    rows = handler_v1.rows_of(body, envelope, inference.limits.rows)
    replies = await call_rows(inference, model, calls_of(kind, rows, headers))
    return handler_v1.write_response(kind, envelope, replies)
