"""How a compiled model is called: signature.json beside its file. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

SIGNATURE_FILE = "signature.json"

ATTENTION_MASK = "attention_mask"
INPUT_IDS = "input_ids"


class GraphSignature(Protocol):
    """What loading and storing a graph requires, whatever the graph does."""

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in order."""
        ...

    @property
    def device(self) -> str | None:
        """Kind of device that the graph was made for; None if unknown."""
        ...

    @property
    def made_with(self) -> Mapping[str, str]:
        """What must be the same where the graph is loaded, such as PyTorch's version."""
        ...

    def text(self) -> str:
        """Content of signature.json."""
        ...


@dataclass(frozen=True)
class GraphInput:
    """One int64 tensor [rows, longest] that a graph takes.

    Attributes:
        name: the tokenizer's name of the feature, or `attention_mask`.
        bound: values are at least 0 and below this; None if the graph takes any value. Compiled code does not check
            them: it would read beyond the end of a table.
        padding: value after the end of a row.
    """

    name: str
    bound: int | None = None
    padding: int = 0


@dataclass(frozen=True)
class Signature:
    """A graph's inputs and outputs, in order. Implements `GraphSignature`.

    Attributes:
        inputs: the tensors it takes.
        outputs: names of the tensors it returns, whose first dimension is the row.
        max_length: most tokens per row.
        batch_size: rows of every batch; None if any number will do.
        fixed_length: whether every row has `max_length` tokens, including padding.
        device: kind of device that the graph was made for; None if unknown.
        made_with: what must be the same where the graph is loaded, such as PyTorch's version.
    """

    inputs: tuple[GraphInput, ...]
    outputs: tuple[str, ...]
    max_length: int
    batch_size: int | None = None
    fixed_length: bool = False
    device: str | None = None
    made_with: Mapping[str, str] = field(default_factory=dict)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        return tuple(item.name for item in self.inputs)

    def text(self) -> str:
        """Content of signature.json."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_signature(text: str) -> Signature:
    """Parse signature.json.

    Raises:
        ValueError: this version cannot read the signature.
    """
    document: Any = json.loads(text)
    try:
        inputs = tuple(GraphInput(**entry) for entry in document.pop("inputs"))
        outputs = tuple(document.pop("outputs"))
        return Signature(inputs, outputs, **document)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a field is missing, unknown or has the wrong type ({error})") from error
