"""In which sizes a graph can be called that somebody else has traced.

A trace may hold for the shape alone that it was made with, and give errors or other answers in every other. What it
gives for single rows, padded to the length it was traced with, is therefore what everything else is compared with.
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
"""Largest difference of a logit, as a share of the largest logit where that is above 1."""

_FAILURES = (RuntimeError, ValueError, LookupError, TypeError)
"""What PyTorch raises for graphs that cannot take a batch, and we for outputs that are not as the script's."""


@dataclass(frozen=True)
class Shape:
    """How a graph is called, and how many logits it gives for a row or a token."""

    signature: Signature
    classes: int


def shape_of(graph: Graph, traced: Signature, device: torch.device, *, row_per_token: bool) -> Shape:
    """Try batches of several sizes and lengths, then of several sizes, then single rows; the first that holds.

    Args:
        graph: on the device.
        traced: its inputs and outputs, and the length that it was traced with.
        device: where it runs.
        row_per_token: whether its outputs have a row for each token, padding included.

    Raises:
        PreparationFailed: UnsupportedForm, it does not run, or gives numbers that are not finite.
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
    """Whether a graph that is called this way gives what it gives for single padded rows."""
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
