"""Finds the batch sizes and lengths that a traced graph from the user accepts.

A trace may be valid only for the shape it was made with, and fail or give other outputs for others. Its outputs for
single rows, padded to the traced length, are therefore the reference for all others.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import torch

from transformermodel_predictor.engines.compiled import unsupported
from transformermodel_predictor.engines.graph import Graph, GraphEngine
from transformermodel_predictor.engines.signature import Signature
from transformermodel_predictor.graphs.batches import random_batches
from transformermodel_predictor.pretrained import one_line
from transformermodel_predictor.quiet import quiet
from transformermodel_predictor.resources import resources_classified
from transformermodel_predictor.tasks.task import Encoding, Outputs

_LENGTHS = ((1,), (7, 5, 12))
_TOLERANCE = 1e-4
"""Largest difference of a logit, relative to the largest logit if that is above 1."""

_FAILURES = (RuntimeError, ValueError, LookupError, TypeError)
"""Errors that mean a graph does not accept a batch: PyTorch's, and ours for outputs of another form."""


@dataclass(frozen=True)
class Shape:
    """How to call a graph, and the number of logits per row or token."""

    signature: Signature
    classes: int


def shape_of(graph: Graph, traced: Signature, device: torch.device, *, row_per_token: bool) -> Shape:
    """The most flexible shape that works: any size and length, else any size, else single rows.

    Args:
        graph: on the device.
        traced: its inputs and outputs, and the length it was traced with.
        device: the graph's.
        row_per_token: whether its outputs have a row per token, padding included.

    Raises:
        PreparationFailed: UnsupportedForm, the graph does not run, or its outputs are not finite.
    """
    alone = replace(traced, device=device.type, fixed_length=True, batch_size=1)
    batches = random_batches(traced, [*_LENGTHS, (traced.max_length,)])
    try:
        with resources_classified():
            expected = [_run(graph, alone, device, batch, row_per_token) for batch in batches]
    except _FAILURES as error:
        raise unsupported(
            f"the traced graph cannot be run on a {device.type.upper()} with the ids and the mask of "
            f"{traced.max_length} tokens ({one_line(error)})."
        ) from error
    if not all(tensor.isfinite().all() for given in expected for tensor in _tensors(given)):
        raise unsupported("the traced graph gives numbers that are not finite.")
    found = next(
        (way for way in _freer(alone) if _holds(graph, way, device, batches, expected, row_per_token)),
        alone,
    )
    return Shape(found, expected[0][0][traced.outputs[0]].shape[-1])


def _freer(alone: Signature) -> Iterator[Signature]:
    yield replace(alone, fixed_length=False, batch_size=None)
    yield replace(alone, batch_size=None)


def _holds(
    graph: Graph,
    signature: Signature,
    device: torch.device,
    batches: Sequence[list[Encoding]],
    expected: Sequence[list[Outputs]],
    row_per_token: bool,
) -> bool:
    """Whether a graph called this way reproduces its outputs for single padded rows."""
    for batch, rows in zip(batches, expected, strict=True):
        try:
            given = _run(graph, signature, device, batch, row_per_token)
        except _FAILURES:
            return False
        if not all(_close(one, other) for one, other in zip(_tensors(given), _tensors(rows), strict=True)):
            return False
    return True


def _run(
    graph: Graph, signature: Signature, device: torch.device, batch: list[Encoding], row_per_token: bool
) -> list[Outputs]:
    """The outputs of each row, without those of padding."""
    with quiet():
        given = GraphEngine(signature, graph, device).run(batch)
    if not row_per_token:
        return given
    return [
        {name: tensor[: len(row)] for name, tensor in outputs.items()}
        for row, outputs in zip(batch, given, strict=True)
    ]


def _tensors(rows: Sequence[Outputs]) -> Iterator[torch.Tensor]:
    return (tensor for row in rows for tensor in row.values())


def _close(given: torch.Tensor, expected: torch.Tensor) -> bool:
    if given.shape != expected.shape:
        return False
    scale = expected.abs().max().clamp(min=1)
    return bool((given - expected).abs().max() <= _TOLERANCE * scale)
