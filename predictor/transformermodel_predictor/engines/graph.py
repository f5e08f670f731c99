"""The engine that all compiled models share: plain tensors in a fixed order in, plain tensors out."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import torch

from transformermodel_predictor.engines.signature import ATTENTION_MASK, GraphInput, Signature
from transformermodel_predictor.tasks.task import Encoding, Outputs

CPU = torch.device("cpu")

_Row = TypeVar("_Row")

Graph = Callable[[Sequence[torch.Tensor]], Sequence[torch.Tensor]]
"""Takes its signature's inputs on the engine's device, and returns its signature's outputs."""


class GraphEngine:
    """A compiled model, run on padded batches whose values are checked first. Implements `Engine`.

    Compiled code trusts its inputs: a token outside the vocabulary, or a row longer than the model's positions, would
    crash the process instead of raising an exception.

    Args:
        signature: inputs and outputs of the graph.
        graph: runs one batch.
        device: the graph's device.
    """

    padding_free = False

    def __init__(self, signature: Signature, graph: Graph, device: torch.device = CPU) -> None:
        self._signature = signature
        self._graph = graph
        self._device = device

    @torch.inference_mode()
    def run(self, batch: Sequence[Encoding]) -> list[Outputs]:
        """Run the batch, in several passes if the graph has a fixed batch size.

        Raises:
            ValueError: the graph does not accept an encoding.
        """
        return [outputs for one in self._passes(batch) for outputs in self._pass(one)]

    def computed(self, lengths: Sequence[int]) -> int:
        """Number of tokens that a step with rows of these lengths computes, including padding and filler rows."""
        return sum(
            (self._signature.batch_size or len(one)) * _longest(one, self._signature) for one in self._passes(lengths)
        )

    def _passes(self, rows: Sequence[_Row]) -> Iterator[Sequence[_Row]]:
        """The rows of each pass."""
        most = self._signature.batch_size or max(len(rows), 1)
        return (rows[start : start + most] for start in range(0, len(rows), most))

    def _pass(self, batch: Sequence[Encoding]) -> list[Outputs]:
        filled = [_filled(tensor, self._signature.batch_size) for tensor in padded(batch, self._signature)]
        given = self._graph([tensor.to(self._device) for tensor in filled])
        outputs = {name: value.float().cpu() for name, value in zip(self._signature.outputs, given, strict=True)}
        return [{name: value[row] for name, value in outputs.items()} for row in range(len(batch))]


def padded(batch: Sequence[Encoding], signature: Signature) -> list[torch.Tensor]:
    """A batch as contiguous int64 tensors [rows, longest], padded on the right, in the signature's order.

    Features that an encoding lacks are 0, which is also the default in transformers' models.

    Raises:
        ValueError: an encoding is empty or too long, or holds a value outside the graph's bounds.
    """
    lengths = [len(encoding) for encoding in batch]
    for length in lengths:
        if not 0 < length <= signature.max_length:
            raise ValueError(f"a row has {length} tokens; this model takes 1 to {signature.max_length}")
    longest = _longest(lengths, signature)
    return [_tensor(batch, item, longest) for item in signature.inputs]


def _longest(lengths: Sequence[int], signature: Signature) -> int:
    """Tokens per row of a pass."""
    return signature.max_length if signature.fixed_length else max(lengths, default=0)


def _tensor(batch: Sequence[Encoding], item: GraphInput, longest: int) -> torch.Tensor:
    rows = [_pad(_values(encoding, item.name), longest, item.padding) for encoding in batch]
    tensor = torch.tensor(rows, dtype=torch.int64).reshape(len(batch), longest)
    if item.bound is not None and tensor.numel():
        smallest, largest = (int(value) for value in tensor.aminmax())
        if smallest < 0 or largest >= item.bound:
            found = smallest if smallest < 0 else largest
            raise ValueError(f"{item.name} holds {found}; this model takes 0 to {item.bound - 1}")
    return tensor


def _values(encoding: Encoding, name: str) -> Sequence[int]:
    if name == ATTENTION_MASK:
        return [1] * len(encoding)
    return encoding.features.get(name) or [0] * len(encoding)


def _pad(values: Sequence[int], length: int, fill: int) -> list[int]:
    return [*values, *[fill] * (length - len(values))]


def _filled(tensor: torch.Tensor, rows: int | None) -> torch.Tensor:
    """A batch with as many rows as the graph requires; copies of the first row stand for the missing ones."""
    missing = (rows or len(tensor)) - len(tensor)
    return torch.cat([tensor, tensor[:1].expand(missing, -1)]) if missing else tensor.contiguous()
