"""V1 for models that run a handler: an instance is a call, unless the handler reads V1's body itself. Pure."""

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
    """The rows that a handler is asked.

    Args:
        body: the parsed body of a predict or explain request.
        envelope: what the handler reads itself.
        most_rows: how many instances there may be; any number when None.

    Raises:
        InvalidRequest: it is not what the protocol says, or the handler reads only V2.
        TooManyRows: there are more instances.
    """
    if envelope is Envelope.rows:
        refuse_misspelt(body, MEMBERS)
    read = read_body(body, most_rows)
    match envelope:
        case Envelope.instances:
            return [(Part(BODY, orjson.dumps(body), "application/json"),)]
        case Envelope.tensors:
            raise InvalidRequest("this model's handler reads tensors: ask it at /v2/models/NAME/infer")
        case Envelope.rows:
            parameters = [part_of(name, value) for name, value in read.parameters.items()]
            return [(*parts_of(instance), *parameters) for instance in read.instances]


def write_response(kind: CallKind, envelope: Envelope, replies: Sequence[Reply]) -> Any:  # noqa: ANN401 - any JSON value
    """The body of a response: one answer a row, or the handler's own document.

    Raises:
        HandlerFailed: the handler's own document is no JSON.
    """
    if envelope is Envelope.instances:
        return read_json(replies[0])
    return {_ANSWERS[kind]: [value_of(reply) for reply in replies]}
