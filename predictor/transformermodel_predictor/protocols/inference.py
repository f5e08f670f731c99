"""V2's inference request and response, independent of the encoding: JSON, binary or gRPC."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transformermodel_predictor.protocols.errors import InvalidRequest

_OTHER_FORMS = {
    "classification": "the model's parameter top_k asks for the likeliest labels",
    "shared_memory_region": "outputs come with the response",
}
"""Parameters of Triton's extensions that request another form of an output, and what to do instead."""

_MOST_NAMES = 1024
"""Most inputs, requested outputs or parameters: more than any model has, and reading each takes time."""


@dataclass(frozen=True)
class Tensor:
    """A named tensor.

    Attributes:
        name: the tensor's name.
        datatype: V2's name of the element type, such as BYTES or FP32.
        shape: its dimensions.
        data: its elements in row-major order: str or bytes for BYTES, numbers otherwise.
    """

    name: str
    datatype: str
    shape: tuple[int, ...]
    data: Sequence[Any]


@dataclass(frozen=True)
class InferenceRequest:
    """A client's request.

    Attributes:
        inputs: the tensors.
        parameters: of the protocol and of the task, as sent.
        outputs: names of the requested outputs, in order; if empty, all that are not optional.
        id: the client's id for the request.
        binary: by output name, whether the client requests its tensor as bytes instead of JSON.
        binary_default: the same for all outputs not in `binary`.
    """

    inputs: tuple[Tensor, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    id: str | None = None
    binary: Mapping[str, bool] = field(default_factory=dict)
    binary_default: bool = False

    def wants_bytes(self, output: str) -> bool:
        """Whether the client requests an output's tensor as bytes."""
        return self.binary.get(output, self.binary_default)


@dataclass(frozen=True)
class InferenceResponse:
    """The response to a client.

    Attributes:
        model_name: the model's name.
        model_version: the model's version.
        id: the request's id, or a new one.
        outputs: the tensors.
        parameters: further facts, such as the number of truncated tokens.
    """

    model_name: str
    model_version: str
    id: str
    outputs: tuple[Tensor, ...]
    parameters: Mapping[str, Any]


def require_tensor(name: str, parameters: Iterable[str]) -> None:
    """Refuse an output that the client requests in a form other than a tensor in the response.

    Args:
        name: the output's name.
        parameters: names of the parameters that the client set for it.

    Raises:
        InvalidRequest: a parameter belongs to an extension of Triton's that is not supported.
    """
    for parameter in parameters:
        if parameter in _OTHER_FORMS:
            instead = _OTHER_FORMS[parameter]
            raise InvalidRequest(f"parameter {parameter!r} of output {name!r} is not supported: {instead}")


def require_few(noun: str, count: int) -> None:
    """Refuse more inputs, requested outputs or parameters than any model has.

    Raises:
        InvalidRequest: there are too many.
    """
    if count > _MOST_NAMES:
        raise InvalidRequest(f"the request has {count} {noun}; there may be {_MOST_NAMES}")
