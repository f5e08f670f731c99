"""The Open Inference Protocol V2 over REST: converts between parsed bodies and our own types. Pure."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any

from transformermodel_predictor.handler import ModelMetadata
from transformermodel_predictor.protocols.binary import Sections
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
from transformermodel_predictor.protocols.members import refuse_misspelt
from transformermodel_predictor.tasks.task import TensorSpec

_MEMBERS = ("id", "parameters", "inputs", "outputs")

_JSON = "application/json"
"""The `content_type` in the metadata of a tensor whose texts are JSON."""


def read_request(body: object, binary: bytes = b"", most_rows: int | None = None) -> InferenceRequest:
    """Read the body of an inference request.

    Args:
        body: its JSON part, parsed.
        binary: the bytes after the JSON part.
        most_rows: most texts allowed in an input; None for no limit.

    Raises:
        InvalidRequest: the body does not follow the protocol; the message names the member.
        TooManyRows: an input has too many texts.
    """
    document = _object(body, "the body")
    refuse_misspelt(document, _MEMBERS)
    inputs = _list(document.get("inputs"), "inputs")
    if not inputs:
        raise InvalidRequest("inputs must have at least one tensor")
    parameters = _object(_member(document, "parameters", {}), "parameters")
    requested = _list(_member(document, "outputs", []), "outputs")
    for noun, members in (("inputs", inputs), ("parameters", parameters), ("outputs", requested)):
        require_few(noun, len(members))
    outputs = [_read_output(item) for item in requested]
    sections = Sections(binary)
    tensors = tuple(_read_tensor(item, sections, most_rows) for item in inputs)
    sections.require_end()
    return InferenceRequest(
        inputs=tensors,
        parameters=parameters,
        outputs=tuple(name for name, _ in outputs),
        id=_string(document["id"], "id") if document.get("id") is not None else None,
        binary={name: as_bytes for name, as_bytes in outputs if as_bytes is not None},
        binary_default=_flag(parameters, "binary_data_output") or False,
    )


def write_response(response: InferenceResponse, request: InferenceRequest) -> tuple[dict[str, Any], list[bytes]]:
    """The JSON part of an inference response, and the bytes of each tensor that was requested as bytes.

    Raises:
        InvalidRequest: an output was requested as JSON, and holds bytes that are not text.
    """
    binary: list[bytes] = []
    document: dict[str, Any] = {
        "model_name": response.model_name,
        "model_version": response.model_version,
        "id": response.id,
        "outputs": [_write_tensor(tensor, request, binary) for tensor in response.outputs],
    }
    if response.parameters:
        document["parameters"] = dict(response.parameters)
    return document, binary


def write_metadata(
    metadata: ModelMetadata, explanations: Mapping[str, Any] | None = None, versions: Sequence[str] = ()
) -> dict[str, Any]:
    """The body of a model's metadata.

    Args:
        metadata: of the requested version.
        explanations: methods, targets and limits of explanations; None if answers are not explained.
        versions: all versions of the model; if empty, the one in `metadata`.
    """
    outputs = metadata.outputs if explanations is None else (*metadata.outputs, EXPLANATION)
    return {
        "name": metadata.name,
        "versions": list(versions) or [metadata.version],
        "platform": metadata.platform,
        "inputs": [_write_spec(spec) for spec in metadata.inputs],
        "outputs": [_write_spec(spec) for spec in outputs],
        "parameters": {**metadata.parameters, **({"explanations": explanations} if explanations else {})},
    }


def _read_tensor(item: object, sections: Sections, most_rows: int | None) -> Tensor:
    document = _object(item, "an input")
    name = _string(document.get("name"), "an input's name")
    datatype = _string(document.get("datatype"), f"datatype of input {name!r}")
    shape = _list(document.get("shape"), f"shape of input {name!r}")
    declared = Declaration.read(name, datatype, shape, most_rows)
    size = _object(_member(document, "parameters", {}), f"parameters of input {name!r}").get("binary_data_size")
    if size is not None:
        if "data" in document:
            raise InvalidRequest(f"input {name!r} has both data and binary_data_size")
        return declared.of_bytes(sections.take(name, size))
    if "data" not in document:
        raise InvalidRequest(f"input {name!r} has neither data nor binary_data_size")
    data = _list(document["data"], f"data of input {name!r}")
    return declared.of_elements(_flat(data, depth=len(shape), most=declared.count))


def _flat(data: list[Any], depth: int, most: int) -> list[Any]:
    """Flatten nested lists, at most as deep as the shape has dimensions; lists nested deeper fail as elements.

    Stops early once there are more elements than the shape has, which is an error anyway.
    """
    for _ in range(1, depth):
        if len(data) <= most and set(map(type, data)) == {list}:
            data = list(chain.from_iterable(data))
    return data


def _read_output(item: object) -> tuple[str, bool | None]:
    """A requested output's name, and whether it is requested as bytes; None if it does not say."""
    document = _object(item, "an output")
    name = _string(document.get("name"), "an output's name")
    parameters = _object(_member(document, "parameters", {}), f"parameters of output {name!r}")
    require_tensor(name, parameters)
    return name, _flag(parameters, "binary_data")


def _write_tensor(tensor: Tensor, request: InferenceRequest, binary: list[bytes]) -> dict[str, Any]:
    """A tensor's JSON; appends its bytes to `binary` if they are requested."""
    document: dict[str, Any] = {"name": tensor.name, "shape": tensor.shape, "datatype": tensor.datatype}
    if not request.wants_bytes(tensor.name):
        if any(isinstance(element, bytes) for element in tensor.data):
            raise InvalidRequest(f"output {tensor.name!r} is not text: request it with the parameter binary_data")
        document["data"] = tensor.data
        return document
    binary.append(pack(tensor.datatype, tensor.data))
    document["parameters"] = {"binary_data_size": len(binary[-1])}
    return document


def _write_spec(spec: TensorSpec) -> dict[str, Any]:
    document: dict[str, Any] = {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}
    parameters = ({"optional": True} if spec.optional else {}) | ({"content_type": _JSON} if spec.json else {})
    return document | ({"parameters": parameters} if parameters else {})


def _member(document: Mapping[str, Any], name: str, default: object) -> object:
    """A member, or the default if it is missing or null."""
    value = document.get(name)
    return default if value is None else value


def _object(value: object, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
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


def _flag(parameters: Mapping[str, Any], name: str) -> bool | None:
    value = parameters.get(name)
    if value is not None and not isinstance(value, bool):
        raise InvalidRequest(f"{name} must be true or false")
    return value
