"""The Open Inference Protocol V2 over REST, in JSON: between parsed bodies and our own types. Pure."""

import math
from collections.abc import Mapping
from typing import Any

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.inference import InferenceRequest, InferenceResponse, Tensor
from transformermodel_predictor.tasks.task import TensorSpec


def read_request(body: object) -> InferenceRequest:
    """Read the body of an inference request.

    Raises:
        InvalidRequest: it is not what the protocol says; the message names the member.
    """
    document = _object(body, "the body")
    inputs = _list(document.get("inputs"), "inputs")
    if not inputs:
        raise InvalidRequest("inputs must have at least one tensor")
    return InferenceRequest(
        inputs=tuple(_read_tensor(item) for item in inputs),
        parameters=_object(document.get("parameters") or {}, "parameters"),
        outputs=tuple(_read_output(item) for item in _list(document.get("outputs") or [], "outputs")),
        id=_string(document["id"], "id") if document.get("id") is not None else None,
    )


def write_response(response: InferenceResponse) -> dict[str, Any]:
    """The body of an inference response."""
    document: dict[str, Any] = {
        "model_name": response.model_name,
        "model_version": response.model_version,
        "id": response.id,
        "outputs": [_write_tensor(tensor) for tensor in response.outputs],
    }
    if response.parameters:
        document["parameters"] = dict(response.parameters)
    return document


def write_metadata(metadata: ModelMetadata) -> dict[str, Any]:
    """The body of a model's metadata."""
    return {
        "name": metadata.name,
        "versions": [metadata.version],
        "platform": metadata.platform,
        "inputs": [_write_spec(spec) for spec in metadata.inputs],
        "outputs": [_write_spec(spec) for spec in metadata.outputs],
        "parameters": dict(metadata.parameters),
    }


def _read_tensor(item: object) -> Tensor:
    document = _object(item, "an input")
    name = _string(document.get("name"), "an input's name")
    datatype = _string(document.get("datatype"), f"datatype of input {name!r}")
    shape = tuple(_list(document.get("shape"), f"shape of input {name!r}"))
    if not all(type(size) is int and size >= 0 for size in shape):
        raise InvalidRequest(f"shape of input {name!r} must be whole numbers")
    if "data" not in document:
        raise InvalidRequest(f"input {name!r} has no data; binary tensors are not read, send JSON")
    elements = _flat(_list(document["data"], f"data of input {name!r}"), depth=len(shape))
    if len(elements) != math.prod(shape):
        raise InvalidRequest(f"input {name!r} has {len(elements)} elements, but shape {list(shape)}")
    return Tensor(name, datatype, shape, tuple(elements))


def _flat(data: list[Any], depth: int) -> list[Any]:
    """Elements of nested lists, at most as deep as the shape has dimensions; lists that are left fail as elements."""
    for _ in range(1, depth):
        if data and all(isinstance(item, list) for item in data):
            data = [element for item in data for element in item]
    return data


def _read_output(item: object) -> str:
    return _string(_object(item, "an output").get("name"), "an output's name")


def _write_tensor(tensor: Tensor) -> dict[str, Any]:
    return {"name": tensor.name, "shape": tensor.shape, "datatype": tensor.datatype, "data": tensor.data}


def _write_spec(spec: TensorSpec) -> dict[str, Any]:
    document: dict[str, Any] = {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}
    return document | ({"parameters": {"optional": True}} if spec.optional else {})


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise InvalidRequest(f"{name} must be an object")
    return value


def _list(value: object, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise InvalidRequest(f"{name} must be a list")
    return value


def _string(value: object, name: str) -> str:
    if not isinstance(value, str):
        raise InvalidRequest(f"{name} must be a string")
    return value
