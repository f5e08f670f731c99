"""V1 for models with a handler: each instance is a call, unless the handler reads V1's body itself. Pure."""

from collections.abc import Sequence
from typing import Any

import orjson

from transformermodel_predictor.protocols.envelopes import Envelope
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.handler_rows import BODY, part_of, parts_of, read_json, value_of
from transformermodel_predictor.protocols.members import refuse_misspelt
from transformermodel_predictor.protocols.v1 import MEMBERS, read_body
from transformermodel_predictor.torchserve.call import CallKind, Part, Reply

_ANSWERS = {CallKind.predict: "predictions", CallKind.explain: "explanations"}


def rows_of(body: object, envelope: Envelope, most_rows: int | None = None) -> list[tuple[Part, ...]]:
    """The rows to pass to the handler.

    Args:
        body: the parsed body of a predict or explain request.
        envelope: the protocol whose bodies the handler reads whole.
        most_rows: most instances allowed; None for no limit.

    Raises:
        InvalidRequest: the body does not follow the protocol, or the handler reads V2's bodies.
        TooManyRows: there are too many instances.
    """
    if envelope is Envelope.rows:
        refuse_misspelt(body, MEMBERS)
    read = read_body(body, most_rows)
    match envelope:
        case Envelope.instances:
            return [(Part(BODY, orjson.dumps(body), "application/json"),)]
        case Envelope.tensors:
            raise InvalidRequest("this model's handler reads tensors: send them to /v2/models/NAME/infer")
        case Envelope.rows:
            parameters = [part_of(name, value) for name, value in read.parameters.items()]
            return [(*parts_of(instance), *parameters) for instance in read.instances]


def write_response(kind: CallKind, envelope: Envelope, replies: Sequence[Reply]) -> Any:  # noqa: ANN401 - any JSON value
    """The body of a response: one answer per row, or the handler's own document.

    Raises:
        HandlerFailed: the handler's own document is not JSON.
    """
    if envelope is Envelope.instances:
        return read_json(replies[0])
    return {_ANSWERS[kind]: [value_of(reply) for reply in replies]}
