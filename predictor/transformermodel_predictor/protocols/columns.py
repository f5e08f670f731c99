"""Converts between V2's tensors, one column per field, and a task's rows. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson

from transformermodel_predictor.explanations.explanation import Explained
from transformermodel_predictor.handler import Answer, ModelMetadata
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.explanations import write_explained
from transformermodel_predictor.protocols.inference import InferenceRequest, InferenceResponse, Tensor
from transformermodel_predictor.protocols.request_id import new_request_id
from transformermodel_predictor.tasks.task import TensorSpec

_PROTOCOL_PARAMETERS = frozenset(
    {
        "binary_data_output",
        "content_type",
        "explain",
        "priority",
        "sequence_end",
        "sequence_id",
        "sequence_start",
        "timeout",
    }
)
"""Request parameters that V2's clients send to control the server, not the model."""

EXPLANATION = TensorSpec("explanation", "BYTES", (-1,), optional=True, json=True)
"""The output, of every task, that explains the others."""

_NEVER_TEXT = frozenset({"messages"})
"""Input names that never stand for the text: a conversation's JSON must not be taken for a prompt."""


def sole_text(inputs: Sequence[TensorSpec]) -> str | None:
    """The input that an unnamed text stands for: the only required one; None if several are required."""
    required = [spec.name for spec in inputs if not spec.optional]
    return required[0] if len(required) == 1 else None


def questions_of(request: InferenceRequest, inputs: Sequence[TensorSpec]) -> list[dict[str, Any]]:
    """The rows of a request's tensors, as named fields.

    Raises:
        InvalidRequest: an input is unknown or not text, or the inputs differ in length.
    """
    columns = {}
    for tensor in request.inputs:
        spec = _spec_of(tensor, request, inputs)
        columns[spec.name] = [_json(spec.name, text) for text in _texts(tensor)] if spec.json else _texts(tensor)
    return in_rows(columns, len(request.inputs), "elements")


def in_rows(columns: Mapping[str, Sequence[Any]], inputs: int, noun: str) -> list[dict[str, Any]]:
    """Transpose columns into rows.

    Args:
        columns: the values of each column, by name.
        inputs: number of tensors that the columns were made of.
        noun: what messages call a column's values.

    Raises:
        InvalidRequest: two tensors have one name, or the columns differ in length.
    """
    if len(columns) < inputs:
        raise InvalidRequest("two inputs have the same name")
    lengths = {name: len(column) for name, column in columns.items()}
    if len(set(lengths.values())) != 1:
        described = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise InvalidRequest(f"inputs must have the same number of {noun}: {described}")
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def parameters_of(request: InferenceRequest, outputs: Sequence[TensorSpec]) -> dict[str, Any]:
    """The request's parameters for the model; each optional output that it requests becomes a parameter that is true.

    Raises:
        InvalidRequest: a requested output is unknown.
    """
    known = [*(spec.name for spec in outputs), EXPLANATION.name]
    for name in request.outputs:
        if name not in known:
            raise InvalidRequest(f"output {name!r} is not known; there are {', '.join(known)}")
    own = {name: value for name, value in request.parameters.items() if name not in _PROTOCOL_PARAMETERS}
    return own | {spec.name: True for spec in outputs if spec.optional and spec.name in request.outputs}


def wants_explanation(request: InferenceRequest) -> bool:
    """Whether to explain the answers: the parameter `explain` is true, or the output `explanation` is requested.

    Raises:
        InvalidRequest: `explain` is neither true nor false.
    """
    explain = request.parameters.get("explain", False)
    if not isinstance(explain, bool):
        raise InvalidRequest("explain must be true or false")
    return explain or EXPLANATION.name in request.outputs


def timeout_of(request: InferenceRequest) -> float | None:
    """The client's timeout in seconds, from V2's parameter `timeout` in microseconds; None if there is none, or 0.

    Raises:
        InvalidRequest: the timeout is not a whole number of microseconds.
    """
    timeout = request.parameters.get("timeout")
    if timeout is None:
        return None
    if isinstance(timeout, bool) or not isinstance(timeout, int) or timeout < 0:
        raise InvalidRequest("timeout must be a whole number of microseconds")
    return timeout / 1_000_000 or None


def respond(
    request: InferenceRequest, metadata: ModelMetadata, answers: Sequence[Answer], request_id: str | None = None
) -> InferenceResponse:
    """The response to a request. Its id is the request's own, else `request_id`, else a new one."""
    specs = {spec.name: spec for spec in (*metadata.outputs, EXPLANATION)}
    wanted = request.outputs or tuple(specs)
    columns = {name: [answer.fields[name] for answer in answers] for name in wanted if name in answers[0].fields}
    return InferenceResponse(
        model_name=metadata.name,
        model_version=metadata.version,
        id=request.id or request_id or new_request_id(),
        outputs=tuple(_tensor(specs[name], column) for name, column in columns.items()),
        parameters=_truncation(answers),
    )


def respond_explained(
    request: InferenceRequest, metadata: ModelMetadata, explained: Sequence[Explained], request_id: str | None = None
) -> InferenceResponse:
    """The response with the additional output `explanation`, even if the request names other outputs alone."""
    if request.outputs and EXPLANATION.name not in request.outputs:
        request = replace(request, outputs=(*request.outputs, EXPLANATION.name))
    answers = [Answer({**row.answer, EXPLANATION.name: write_explained(row)}, row.truncated) for row in explained]
    return respond(request, metadata, answers, request_id)


def _spec_of(tensor: Tensor, request: InferenceRequest, inputs: Sequence[TensorSpec]) -> TensorSpec:
    """The input that a tensor stands for; a sole tensor may have any name if one text suffices."""
    known = {spec.name: spec for spec in inputs}
    if tensor.name in known:
        return known[tensor.name]
    text = sole_text(inputs)
    if text is not None and len(request.inputs) == 1 and tensor.name not in _NEVER_TEXT:
        return known[text]
    raise InvalidRequest(f"input {tensor.name!r} is not known; there are {', '.join(known)}")


def _json(name: str, text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise InvalidRequest(f"the elements of input {name!r} must be JSON: {error}") from None


def _texts(tensor: Tensor) -> list[str]:
    if tensor.datatype != "BYTES":
        raise InvalidRequest(f"input {tensor.name!r} must have datatype BYTES, not {tensor.datatype}")
    if sum(size != 1 for size in tensor.shape) > 1:
        raise InvalidRequest(f"input {tensor.name!r} must have one dimension, not shape {list(tensor.shape)}")
    if not tensor.data:
        raise InvalidRequest(f"input {tensor.name!r} is empty")
    return [_text(tensor.name, element) for element in tensor.data]


def _text(name: str, element: object) -> str:
    if isinstance(element, bytes):
        try:
            return element.decode()
        except UnicodeDecodeError:
            raise InvalidRequest(f"input {name!r} must be UTF-8") from None
    if not isinstance(element, str):
        raise InvalidRequest(f"the elements of input {name!r} must be strings")
    return element


def _tensor(spec: TensorSpec, column: Sequence[Any]) -> Tensor:
    """A column as a tensor: lists become a second dimension, JSON values become text."""
    if spec.json:
        return Tensor(spec.name, spec.datatype, (len(column),), [orjson.dumps(row).decode() for row in column])
    if isinstance(column[0], list):
        elements = [element for row in column for element in row]
        return Tensor(spec.name, spec.datatype, (len(column), len(column[0])), elements)
    return Tensor(spec.name, spec.datatype, (len(column),), column)


def _truncation(answers: Sequence[Answer]) -> Mapping[str, Any]:
    """Response parameters with the number of truncated tokens, and the rows as one text: V2 has no list parameters."""
    cut = [index for index, answer in enumerate(answers) if answer.truncated]
    if not cut:
        return {}
    return {
        "truncated_tokens": sum(answer.truncated for answer in answers),
        "truncated_rows": ",".join(str(index) for index in cut),
    }
