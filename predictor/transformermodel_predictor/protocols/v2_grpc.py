"""The Open Inference Protocol V2 over gRPC: converts between its messages and our own types. Pure."""

import re
import struct
from collections.abc import Mapping, Sequence
from typing import Any

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.protocols.columns import EXPLANATION
from transformermodel_predictor.protocols.datatypes import pack
from transformermodel_predictor.protocols.declaration import Declaration
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.inference import (
    InferenceRequest,
    InferenceResponse,
    Tensor,
    require_few,
    require_tensor,
)
from transformermodel_predictor.protocols.messages import AnyMessage, messages, unknown_field

_CONTENTS = {
    "BOOL": "bool_contents",
    "INT8": "int_contents",
    "INT16": "int_contents",
    "INT32": "int_contents",
    "INT64": "int64_contents",
    "UINT8": "uint_contents",
    "UINT16": "uint_contents",
    "UINT32": "uint_contents",
    "UINT64": "uint64_contents",
    "FP32": "fp32_contents",
    "FP64": "fp64_contents",
    "BYTES": "bytes_contents",
}
"""The field of InferTensorContents for each datatype."""

_DECIMAL = re.compile(r"[+-]?(\d+\.\d*|\.\d+|\d+(?=[eE]))([eE][+-]?\d+)?")
"""A decimal number: KServe's parameters have no field for floats, so they are sent as strings."""

_TRITON_DOUBLE_FIELD, _TRITON_UINT64_FIELD = 4, 5
"""Numbers of the InferParameter fields in which Triton's clients send floats and priorities."""

_SCALARS = {bool: "bool_param", int: "int64_param", str: "string_param"}


def read_request(message: AnyMessage, most_rows: int | None = None) -> InferenceRequest:
    """Read a ModelInferRequest.

    Args:
        message: the message.
        most_rows: most texts allowed in an input; None for no limit.

    Raises:
        InvalidRequest: the message does not follow the protocol; the error names the tensor.
        TooManyRows: an input has too many texts.
    """
    if not message.inputs:
        raise InvalidRequest("inputs must have at least one tensor")
    for name in ("inputs", "parameters", "outputs"):
        require_few(name, len(getattr(message, name)))
    raw = message.raw_input_contents
    if raw and len(raw) != len(message.inputs):
        raise InvalidRequest(f"there are {len(message.inputs)} inputs, but {len(raw)} raw_input_contents")
    for output in message.outputs:
        require_tensor(output.name, output.parameters)
    tensors = [
        _read_tensor(tensor, raw[index] if raw else None, most_rows) for index, tensor in enumerate(message.inputs)
    ]
    return InferenceRequest(
        inputs=tuple(tensors),
        parameters={name: _read_parameter(name, value) for name, value in message.parameters.items()},
        outputs=tuple(output.name for output in message.outputs),
        id=message.id or None,
        binary_default=bool(raw),
    )


def write_response(response: InferenceResponse, request: InferenceRequest) -> AnyMessage:
    """A ModelInferResponse, with raw contents if the request had raw contents, else with typed ones.

    If one output's datatype has no typed contents, all are raw: the protocol does not allow a mixture.
    """
    raw = request.binary_default or any(tensor.datatype not in _CONTENTS for tensor in response.outputs)
    answered = messages.ModelInferResponse(
        model_name=response.model_name,
        model_version=response.model_version,
        id=response.id,
        parameters=_write_parameters(response.parameters),
    )
    for tensor in response.outputs:
        output = answered.outputs.add(name=tensor.name, datatype=tensor.datatype, shape=tensor.shape)
        if raw:
            answered.raw_output_contents.append(pack(tensor.datatype, tensor.data))
        else:
            getattr(output.contents, _CONTENTS[tensor.datatype]).extend(_typed(tensor))
    return answered


def write_metadata(metadata: ModelMetadata, versions: Sequence[str] = (), *, explained: bool = False) -> AnyMessage:
    """A ModelMetadataResponse, which has no field for labels and limits; `explained` adds the output `explanation`."""
    member = messages.ModelMetadataResponse.TensorMetadata
    outputs = (*metadata.outputs, EXPLANATION) if explained else metadata.outputs
    return messages.ModelMetadataResponse(
        name=metadata.name,
        versions=list(versions) or [metadata.version],
        platform=metadata.platform,
        inputs=[member(name=spec.name, datatype=spec.datatype, shape=spec.shape) for spec in metadata.inputs],
        outputs=[member(name=spec.name, datatype=spec.datatype, shape=spec.shape) for spec in outputs],
    )


def _read_tensor(tensor: AnyMessage, raw: bytes | None, most_rows: int | None) -> Tensor:
    declared = Declaration.read(tensor.name, tensor.datatype, tensor.shape, most_rows)
    if raw is not None:
        if tensor.HasField("contents"):
            raise InvalidRequest(f"input {tensor.name!r} has contents beside raw_input_contents")
        return declared.of_bytes(raw)
    if tensor.datatype not in _CONTENTS:
        raise InvalidRequest(f"datatype {tensor.datatype!r} of input {tensor.name!r} has no typed contents")
    return declared.of_elements(getattr(tensor.contents, _CONTENTS[tensor.datatype]))


def _read_parameter(name: str, parameter: AnyMessage) -> object:
    choice = parameter.WhichOneof("parameter_choice")
    if choice is None:
        return _read_triton_parameter(name, parameter)
    value = getattr(parameter, choice)
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return float(value)
    return value


def _read_triton_parameter(name: str, parameter: AnyMessage) -> object:
    """The value of a field that only Triton's messages define."""
    double, whole = unknown_field(parameter, _TRITON_DOUBLE_FIELD), unknown_field(parameter, _TRITON_UINT64_FIELD)
    if isinstance(double, int):
        return struct.unpack("<d", struct.pack("<Q", double))[0]
    if isinstance(whole, int):
        return whole
    raise InvalidRequest(f"parameter {name!r} has no value; send floats as strings")


def _write_parameters(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: messages.InferParameter(**_scalar(value)) for name, value in parameters.items()}


def _scalar(value: object) -> dict[str, object]:
    """The field of InferParameter for a value; types without a field of their own are sent as text."""
    kind = type(value)
    return {_SCALARS[kind]: value} if kind in _SCALARS else {"string_param": str(value)}


def _typed(tensor: Tensor) -> Sequence[Any]:
    if tensor.datatype != "BYTES":
        return tensor.data
    return [element.encode() if isinstance(element, str) else element for element in tensor.data]
