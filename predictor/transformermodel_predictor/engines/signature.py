"""How a compiled model is called: signature.json beside its file. Pure."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Protocol

SIGNATURE_FILE = "signature.json"

ATTENTION_MASK = "attention_mask"
INPUT_IDS = "input_ids"


class GraphSignature(Protocol):
    """What has to be known of a graph, whatever it does, to load it and to store it."""

    @property
    def input_names(self) -> tuple[str, ...]:
        """What it takes, in its order."""
        ...

    @property
    def outputs(self) -> tuple[str, ...]:
        """What it gives, in its order."""
        ...

    @property
    def device(self) -> str | None:
        """Kind of device that it was made for; None where nobody says."""
        ...

    @property
    def made_with(self) -> Mapping[str, str]:
        """What has to be the same where it is loaded, such as the version of PyTorch."""
        ...

    def text(self) -> str:
        """The content of signature.json."""
        ...


@dataclass(frozen=True)
class GraphInput:
    """One int64 tensor [rows, longest] that a graph takes.

    Attributes:
        name: the tokenizer's name of the feature, or `attention_mask`.
        bound: the values are at least 0 and below this; None where the graph takes any number. Compiled code does
            not check: it reads beyond the end of a table.
        padding: what stands after the end of a row.
    """

    name: str
    bound: int | None = None
    padding: int = 0


@dataclass(frozen=True)
class Signature:
    """The inputs and outputs of a graph in the order in which it takes and gives them. Implements `GraphSignature`.

    Attributes:
        inputs: what it takes.
        outputs: names of what it gives: tensors whose first dimension is the row.
        max_length: most tokens of a row.
        batch_size: rows of every batch; None where any number will do.
        fixed_length: whether every row has `max_length` tokens, padding included.
        device: kind of device that it was made for; None where nobody says.
        made_with: what has to be the same where it is loaded, such as the version of PyTorch.
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
        """What it takes, in its order."""
        return tuple(item.name for item in self.inputs)

    def text(self) -> str:
        """The content of signature.json."""
        return json.dumps(asdict(self), indent=2) + "\n"


def read_signature(text: str) -> Signature:
    """Read signature.json.

    Raises:
        ValueError: it is not a signature that this version can read.
    """
    document: Any = json.loads(text)
    try:
        inputs = tuple(GraphInput(**entry) for entry in document.pop("inputs"))
        outputs = tuple(document.pop("outputs"))
        return Signature(inputs, outputs, **document)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a field is missing, unknown or has the wrong type ({error})") from error
