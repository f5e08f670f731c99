"""V2 for models with a handler: each row of the tensors is a call. Pure.

A handler that reads V2's bodies gets the whole body; one that reads V1's gets each row as a body with one instance.
"""

import math
from collections.abc import Sequence
from typing import Any

import orjson

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.protocols.columns import EXPLANATION, in_rows, parameters_of
from transformermodel_predictor.protocols.envelopes import Envelope
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.handler_rows import BODY, part_of, read_json
from transformermodel_predictor.protocols.inference import InferenceRequest, InferenceResponse, Tensor
from transformermodel_predictor.protocols.request_id import new_request_id
from transformermodel_predictor.protocols.sizes import require_rows
from transformermodel_predictor.torchserve.call import CallKind, HandlerFailed, Part, Reply
from transformermodel_predictor.torchserve.handler_metadata import ANSWER

_JSON = "application/json"
_OUTPUTS = {CallKind.predict: ANSWER, CallKind.explain: EXPLANATION}
_BODY_NAMES = frozenset({"data", BODY})
"""Names under which handlers look for the body; a sole tensor of any other name stands for it."""


def rows_of(request: InferenceRequest, envelope: Envelope, most_rows: int | None = None) -> list[tuple[Part, ...]]:
    """The rows to pass to the handler: the tensors' values by name, and the request's parameters.

    Args:
        request: the tensors.
        envelope: the protocol whose bodies the handler reads whole.
        most_rows: most rows allowed; None for no limit.

    Raises:
        InvalidRequest: the tensors differ in their number of rows, or a requested output is unknown.
        TooManyRows: a tensor has too many rows.
    """
    if envelope is Envelope.tensors:
        return [(Part(BODY, orjson.dumps(_document(request)), _JSON),)]
    parameters = tuple(part_of(name, value) for name, value in parameters_of(request, [ANSWER]).items())
    for tensor in request.inputs:
        require_rows(next(iter(tensor.shape), 0), most_rows)
    columns = {_name(tensor, request): _column(tensor) for tensor in request.inputs}
    rows = in_rows(columns, len(request.inputs), "rows")
    if envelope is Envelope.instances:
        return [(Part(BODY, orjson.dumps({"instances": [_instance(row)]}), _JSON),) for row in rows]
    return [(*(part_of(name, value) for name, value in row.items()), *parameters) for row in rows]


def respond(
    request: InferenceRequest,
    metadata: ModelMetadata,
    envelope: Envelope,
    kind: CallKind,
    replies: Sequence[Reply],
    request_id: str | None = None,
) -> InferenceResponse:
    """The response: one text or JSON text per row, or the tensors of a handler that writes V2's body itself.

    Raises:
        HandlerFailed: the handler's own body does not follow the protocol of its envelope.
    """
    if envelope is Envelope.tensors:
        document = read_json(replies[0])
        own_id, outputs = _read_document(document)
    else:
        spec = _OUTPUTS[kind]
        own_id = None
        elements = [_element(envelope, kind, reply) for reply in replies]
        outputs = (Tensor(spec.name, spec.datatype, (len(elements),), elements),)
    response_id = request.id or request_id or own_id or new_request_id()
    return InferenceResponse(metadata.name, metadata.version, response_id, outputs, {})


def _name(tensor: Tensor, request: InferenceRequest) -> str:
    return BODY if len(request.inputs) == 1 and tensor.name not in _BODY_NAMES else tensor.name


def _column(tensor: Tensor) -> list[Any]:
    """A tensor's rows: its elements, or lists of them, nested by its further dimensions."""
    if not tensor.shape or not tensor.shape[0]:
        raise InvalidRequest(f"input {tensor.name!r} has no rows: its first dimension is their number")
    inner = tensor.shape[1:]
    if tensor.datatype == "BYTES" and math.prod(inner) == 1:
        return list(tensor.data)
    texts = tensor.datatype == "BYTES"
    elements = [_text(tensor.name, element) for element in tensor.data] if texts else list(tensor.data)
    nested: list[Any] = _nested(elements, tensor.shape)
    return nested


def _nested(elements: list[Any], shape: tuple[int, ...]) -> list[Any]:
    if len(shape) == 1:
        return elements
    size = math.prod(shape[1:])
    return [_nested(elements[row * size : (row + 1) * size], shape[1:]) for row in range(shape[0])]


def _text(name: str, element: object) -> object:
    if not isinstance(element, bytes):
        return element
    try:
        return element.decode()
    except UnicodeDecodeError:
        raise InvalidRequest(f"input {name!r} must be UTF-8 where its handler reads JSON") from None


def _instance(row: dict[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """A row as an instance of V1: the body alone, or an object of its values."""
    texts = {name: _text(name, value) for name, value in row.items()}
    return texts[BODY] if list(texts) == [BODY] else texts


def _document(request: InferenceRequest) -> dict[str, Any]:
    """The request as V2's body in JSON."""
    document: dict[str, Any] = {"inputs": [_tensor_document(tensor) for tensor in request.inputs]}
    if request.id is not None:
        document["id"] = request.id
    if request.parameters:
        document["parameters"] = dict(request.parameters)
    if request.outputs:
        document["outputs"] = [{"name": name} for name in request.outputs]
    return document


def _tensor_document(tensor: Tensor) -> dict[str, Any]:
    data = [_text(tensor.name, element) for element in tensor.data]
    return {"name": tensor.name, "shape": list(tensor.shape), "datatype": tensor.datatype, "data": data}


def _element(envelope: Envelope, kind: CallKind, reply: Reply) -> str | bytes:
    """A row's answer: text, including that of JSON, or bytes; the only prediction of a handler that writes V1."""
    body = reply.body
    if envelope is Envelope.instances:
        document = read_json(reply)
        answers = document.get("explanations" if kind is CallKind.explain else "predictions")
        if not isinstance(answers, list) or len(answers) != 1:
            raise HandlerFailed("the handler was asked one instance and must answer an object with a list of one")
        (answer,) = answers
        return answer if isinstance(answer, str) else orjson.dumps(answer).decode()
    try:
        return body.decode()
    except UnicodeDecodeError:
        return body


def _read_document(document: object) -> tuple[str | None, tuple[Tensor, ...]]:
    """The id and the tensors of a handler's own V2 body."""
    outputs = document.get("outputs") if isinstance(document, dict) else None
    if not isinstance(outputs, list):
        raise HandlerFailed("the handler's answer must be an object with outputs")
    own_id = document.get("id") if isinstance(document, dict) else None
    return own_id if isinstance(own_id, str) else None, tuple(_read_tensor(output) for output in outputs)


def _read_tensor(output: object) -> Tensor:
    try:
        name, datatype, shape, data = (output[key] for key in ("name", "datatype", "shape", "data"))  # type: ignore[index]
        elements = _flat(list(data), len(shape))
        tensor = Tensor(str(name), str(datatype), tuple(int(size) for size in shape), elements)
    except (KeyError, TypeError, ValueError) as error:
        raise HandlerFailed(f"an output of the handler's answer is not V2's: {error!r}") from None
    if len(tensor.data) != math.prod(tensor.shape):
        raise HandlerFailed(f"output {tensor.name!r} of the handler has {len(tensor.data)} elements, not its shape's")
    return tensor


def _flat(data: list[Any], depth: int) -> list[Any]:
    """Flatten nested lists; objects, which V2 cannot carry, become JSON text for BYTES."""
    for _ in range(1, depth):
        if data and all(isinstance(item, list) for item in data):
            data = [element for item in data for element in item]
    return [orjson.dumps(item).decode() if isinstance(item, dict | list) else item for item in data]
