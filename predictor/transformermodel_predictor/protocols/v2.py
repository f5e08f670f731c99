"""The Open Inference Protocol V2 over REST: between parsed bodies and our own types. Pure."""

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
"""What metadata says of a tensor of texts that are JSON."""


def read_request(body: object, binary: bytes = b"", most_rows: int | None = None) -> InferenceRequest:
    """Read the body of an inference request.

    Args:
        body: its JSON part, parsed.
        binary: the bytes after it.
        most_rows: how many texts an input may have; any number when None.

    Raises:
        InvalidRequest: it is not what the protocol says; the message names the member.
        TooManyRows: an input has more texts.
    """
    document = _object(body, "the body")
    refuse_misspelt(document, _MEMBERS)
    inputs = _list(document.get("inputs"), "inputs")
    if not inputs:
        raise InvalidRequest("inputs must have at least one tensor")
    parameters = _object(_given(document, "parameters", {}), "parameters")
    wanted = _list(_given(document, "outputs", []), "outputs")
    for called, members in (("inputs", inputs), ("parameters", parameters), ("outputs", wanted)):
        require_few(called, len(members))
    outputs = [_read_output(item) for item in wanted]
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
    """The JSON part of an inference response, and the bytes of the tensors that were wanted so, in their order.

    Raises:
        InvalidRequest: an output is wanted as JSON, and holds bytes that are no text.
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
        metadata: of the version that is asked.
        explanations: what may be asked of them, where answers are explained.
        versions: all versions of the model; its own only where there are no others.
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
    size = _object(_given(document, "parameters", {}), f"parameters of input {name!r}").get("binary_data_size")
    if size is not None:
        if "data" in document:
            raise InvalidRequest(f"input {name!r} has both data and binary_data_size")
        return declared.of_bytes(sections.take(name, size))
    if "data" not in document:
        raise InvalidRequest(f"input {name!r} has neither data nor binary_data_size")
    data = _list(document["data"], f"data of input {name!r}")
    return declared.of_elements(_flat(data, depth=len(shape), most=declared.count))


def _flat(data: list[Any], depth: int, most: int) -> list[Any]:
    """Elements of nested lists, at most as deep as the shape has dimensions; lists that are left fail as elements.

    What has more elements than the shape is not unfolded to the end.
    """
    for _ in range(1, depth):
        if len(data) <= most and set(map(type, data)) == {list}:
            data = list(chain.from_iterable(data))
    return data


def _read_output(item: object) -> tuple[str, bool | None]:
    """An output's name, and whether it is wanted as bytes where that is said."""
    document = _object(item, "an output")
    name = _string(document.get("name"), "an output's name")
    parameters = _object(_given(document, "parameters", {}), f"parameters of output {name!r}")
    require_tensor(name, parameters)
    return name, _flag(parameters, "binary_data")


def _write_tensor(tensor: Tensor, request: InferenceRequest, binary: list[bytes]) -> dict[str, Any]:
    """A tensor's JSON; its bytes go to the end of `binary` where they are wanted."""
    document: dict[str, Any] = {"name": tensor.name, "shape": tensor.shape, "datatype": tensor.datatype}
    if not request.wants_bytes(tensor.name):
        if any(isinstance(element, bytes) for element in tensor.data):
            raise InvalidRequest(f"output {tensor.name!r} is no text: ask for it with the parameter binary_data")
        document["data"] = tensor.data
        return document
    binary.append(pack(tensor.datatype, tensor.data))
    document["parameters"] = {"binary_data_size": len(binary[-1])}
    return document


def _write_spec(spec: TensorSpec) -> dict[str, Any]:
    document: dict[str, Any] = {"name": spec.name, "datatype": spec.datatype, "shape": list(spec.shape)}
    parameters = ({"optional": True} if spec.optional else {}) | ({"content_type": _JSON} if spec.json else {})
    return document | ({"parameters": parameters} if parameters else {})


def _given(document: Mapping[str, Any], name: str, otherwise: object) -> object:
    """A member, or what stands for it where it is missing or null."""
    value = document.get(name)
    return otherwise if value is None else value


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
