"""An inference request and its response, whatever the wire: JSON, binary or gRPC."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transformermodel_predictor.protocols.errors import InvalidRequest

_OTHER_FORMS = {
    "classification": "the model's parameter top_k asks for the likeliest labels",
    "shared_memory_region": "outputs come with the response",
}
"""Parameters that ask for an output in another form, and what there is instead."""

_MOST_NAMES = 1024
"""Of inputs, wanted outputs or parameters: more than any model has, and each takes time to read."""


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
    """What a client asks.

    Attributes:
        inputs: the tensors.
        parameters: how the answer is wanted.
        outputs: names of the wanted outputs in their order; all that are not optional when empty.
        id: the client's name for the request.
        binary: by name of an output, whether its tensor is wanted as bytes instead of JSON.
        binary_default: whether the tensors of all other outputs are.
    """

    inputs: tuple[Tensor, ...]
    parameters: Mapping[str, Any] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    id: str | None = None
    binary: Mapping[str, bool] = field(default_factory=dict)
    binary_default: bool = False

    def wants_bytes(self, output: str) -> bool:
        """Whether an output's tensor is wanted as bytes."""
        return self.binary.get(output, self.binary_default)


@dataclass(frozen=True)
class InferenceResponse:
    """What a client is answered.

    Attributes:
        model_name: the model's name.
        model_version: the model's version.
        id: the request's id, or one made for it.
        outputs: the tensors.
        parameters: what else is to be said, such as what was truncated.
    """

    model_name: str
    model_version: str
    id: str
    outputs: tuple[Tensor, ...]
    parameters: Mapping[str, Any]


def require_tensor(name: str, parameters: Iterable[str]) -> None:
    """Pass where an output is wanted as a tensor in the response.

    Args:
        name: the output's.
        parameters: names of those that the client gave it.

    Raises:
        InvalidRequest: it is wanted in a form of Triton's extensions that is not spoken here.
    """
    for parameter in parameters:
        if parameter in _OTHER_FORMS:
            instead = _OTHER_FORMS[parameter]
            raise InvalidRequest(f"parameter {parameter!r} of output {name!r} is not supported: {instead}")


def require_few(called: str, count: int) -> None:
    """Refuse inputs, wanted outputs or parameters in numbers that no model has.

    Raises:
        InvalidRequest: there are more.
    """
    if count > _MOST_NAMES:
        raise InvalidRequest(f"the request has {count} {called}; there may be {_MOST_NAMES}")
