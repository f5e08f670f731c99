"""Deterministic batches of random tokens to try graphs with. Pure."""

from collections.abc import Sequence

import torch

from transformermodel_predictor.engines.graph import padded
from transformermodel_predictor.engines.signature import ATTENTION_MASK, INPUT_IDS, GraphInput, Signature
from transformermodel_predictor.tasks.task import Encoding


def example(signature: Signature, device: torch.device, end: int | None = None) -> tuple[torch.Tensor, ...]:
    """A small batch to trace: two rows of different lengths if the graph takes more than one; for `end` see below."""
    (rows,) = random_batches(signature, [(7, 5)[: signature.batch_size or 2]], end)
    rows += rows[:1] * ((signature.batch_size or 0) - len(rows))
    return tuple(tensor.to(device) for tensor in padded(rows, signature))


def random_batches(
    signature: Signature, lengths: Sequence[Sequence[int]], end: int | None = None
) -> list[list[Encoding]]:
    """Deterministic batches of random tokens; lengths over the limit are cut to it.

    Args:
        signature: how to call the graph.
        lengths: lengths of each batch's rows.
        end: the token that a model looks for: last in each row, and nowhere else; None if it looks for none.
    """
    generator = torch.Generator().manual_seed(0)
    limit = signature.max_length
    return [[_random_row(signature, min(length, limit), end, generator) for length in batch] for batch in lengths]


def _random_row(signature: Signature, length: int, end: int | None, generator: torch.Generator) -> Encoding:
    features = {
        item.name: _random_values(item, length, end, generator)
        for item in signature.inputs
        if item.name != ATTENTION_MASK
    }
    return Encoding(features)


def _random_values(item: GraphInput, length: int, end: int | None, generator: torch.Generator) -> list[int]:
    values: list[int] = torch.randint(item.bound or 1, (length,), generator=generator).tolist()
    if item.name != INPUT_IDS:
        return sorted(values)  # like a first and a second text
    special = (item.padding, end)
    other = next(token for token in range(len(special) + 1) if token not in special)
    tokens = [other if value in special else value for value in values]
    return tokens if end is None else [*tokens[:-1], end]
