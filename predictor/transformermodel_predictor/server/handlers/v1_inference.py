"""Answers a V1 request with a model's handler."""

from collections.abc import Mapping
from typing import Any

from transformermodel_predictor.protocols import handler_v1
from transformermodel_predictor.protocols.envelopes import envelope_of
from transformermodel_predictor.server.handlers.headers import calls_of
from transformermodel_predictor.server.handlers.row_calls import call_rows
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.torchserve.call import CallKind
from transformermodel_predictor.torchserve.handler_model import HandlerModel


async def infer(
    inference: Inference, model: HandlerModel, kind: CallKind, body: object, headers: Mapping[str, str]
) -> Any:  # noqa: ANN401 - any JSON value
    """Answer, or explain, the instances of a body.

    Args:
        inference: runs requests.
        model: the model.
        kind: predict or explain.
        body: the parsed body.
        headers: the request's headers, which the handler may read.

    Raises:
        InvalidRequest: the body does not follow the protocol.
        TooManyRows: the body has more instances than the server allows.
        HandlerUnavailable, HandlerFailed: as `call_rows`.
    """
    envelope = envelope_of(model.settings)
    rows = handler_v1.rows_of(body, envelope, inference.limits.rows)
    replies = await call_rows(inference, model, calls_of(kind, rows, headers))
    return handler_v1.write_response(kind, envelope, replies)
