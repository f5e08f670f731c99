"""The signature of a language model's graph: signature.json beside its file. Pure.

The graph reads the next tokens of every row, and returns the logits after the last of them:

| input | |
|--|--|
| `input_ids` | int64 [rows, tokens], the tokens to read |
| `lengths` | int64 [rows], how many tokens each row holds already, and so the position of its first new one |
| `held.N.key`, `held.N.value` | [rows, heads, columns, size] of layer N; each row's first `lengths` columns count |

| output | |
|--|--|
| `logits` | float32 [rows, vocabulary] after the last token |
| `read.N.key`, `read.N.value` | [rows, heads, tokens, size], what the rows hold besides from now on |
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import torch

from transformermodel_predictor.engines.signature import INPUT_IDS

LENGTHS = "lengths"
LOGITS = "logits"

_DTYPES = {str(dtype).removeprefix("torch."): dtype for dtype in (torch.float32, torch.bfloat16, torch.float16)}


@dataclass(frozen=True)
class LayerShape:
    """The shape of a layer's keys and values.

    Attributes:
        heads: number of key/value heads.
        key_size: size of a key per head.
        value_size: size of a value per head.
    """

    heads: int
    key_size: int
    value_size: int


@dataclass(frozen=True)
class DecoderSignature:
    """The inputs and outputs of a language model's graph. Implements `GraphSignature`.

    Attributes:
        vocabulary: number of token ids. Compiled code does not check ids: it would read beyond the embedding table.
        positions: largest number of tokens in a row; None where unlimited.
        ends: end-of-sequence tokens.
        layers: shapes of keys and values.
        dtype: of keys and values, such as `float32`.
        device: kind of device that the graph was compiled for.
        made_with: versions that must be the same where it is loaded, such as PyTorch's.
    """

    vocabulary: int
    positions: int | None
    ends: tuple[int, ...]
    layers: tuple[LayerShape, ...]
    dtype: str
    device: str | None = None
    made_with: Mapping[str, str] = field(default_factory=dict)

    @property
    def input_names(self) -> tuple[str, ...]:
        """Names of the inputs, in order."""
        return (INPUT_IDS, LENGTHS, *self.held_names)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs, in order."""
        return (LOGITS, *self.read_names)

    @property
    def held_names(self) -> tuple[str, ...]:
        """Names of the cached keys and values, layer by layer."""
        return self._named("held")

    @property
    def read_names(self) -> tuple[str, ...]:
        """Names of the new tokens' keys and values, layer by layer."""
        return self._named("read")

    def empty_layers(self, device: torch.device) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Empty keys and values of each layer: 0 rows, 0 columns."""
        dtype = _DTYPES[self.dtype]
        return [
            (
                torch.empty(0, shape.heads, 0, shape.key_size, dtype=dtype, device=device),
                torch.empty(0, shape.heads, 0, shape.value_size, dtype=dtype, device=device),
            )
            for shape in self.layers
        ]

    def text(self) -> str:
        """The content of signature.json."""
        return json.dumps(asdict(self), indent=2) + "\n"

    def _named(self, prefix: str) -> tuple[str, ...]:
        return tuple(f"{prefix}.{layer}.{kind}" for layer in range(len(self.layers)) for kind in ("key", "value"))


def read_decoder_signature(text: str) -> DecoderSignature:
    """Read signature.json.

    Raises:
        ValueError: it is not the signature of a language model that this version can read.
    """
    document: Any = json.loads(text)
    try:
        layers = tuple(LayerShape(**entry) for entry in document.pop("layers"))
        ends = tuple(document.pop("ends"))
        signature = DecoderSignature(ends=ends, layers=layers, **document)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a field is missing, unknown or has the wrong type ({error})") from error
    if signature.dtype not in _DTYPES:
        raise ValueError(f"dtype is {signature.dtype!r}, not one of {', '.join(_DTYPES)}")
    return signature
