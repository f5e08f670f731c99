"""Runs an attribution method to completion in the calling thread, as tests, archives' handlers and benchmarks do."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch

from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.explanations.rows import ForwardRow, GradientRow, Result, Row, RowGenerator
from transformermodel_predictor.explanations.twin import Twin

_Return = TypeVar("_Return")


def drive(
    generator: RowGenerator[_Return],
    engine: Engine | None = None,
    twin: Twin | None = None,
    most_tokens: int | None = None,
) -> _Return:
    """Run the rows that a generator yields until it returns, and return its result.

    Args:
        generator: not started.
        engine: runs forward rows; gradient methods do not need one.
        twin: runs gradient rows; perturbation methods do not need one.
        most_tokens: largest number of tokens in one pass; None runs all rows of a step together.
    """
    try:
        rows = next(generator)
        while True:
            batches = _batches(rows, most_tokens)
            rows = generator.send([result for batch in batches for result in run_rows(batch, engine, twin)])
    except StopIteration as stop:
        returned: _Return = stop.value
        return returned


def run_rows(rows: Sequence[Row], engine: Engine | None, twin: Twin | None = None) -> list[Result]:
    """Run rows, and return their results in the same order: at most one call each of engine and twin.

    Raises:
        LookupError: there are gradient rows but no twin, or forward rows but no engine.
    """
    forward = [row for row in rows if isinstance(row, ForwardRow)]
    gradient = [row for row in rows if isinstance(row, GradientRow)]
    if gradient and twin is None:
        raise LookupError("gradients are needed, but the model has no differentiable twin")
    if forward and engine is None:
        raise LookupError("forward passes are needed, but there is no engine")
    forward_results = iter(_run(forward, engine) if engine is not None and forward else [])
    gradient_results = iter(twin.run(gradient) if twin is not None and gradient else [])
    return [next(forward_results if isinstance(row, ForwardRow) else gradient_results) for row in rows]


def _batches(rows: Sequence[Row], most_tokens: int | None) -> Iterator[Sequence[Row]]:
    """Rows in order, in batches of at most `most_tokens`; a longer row is a batch by itself."""
    batch: list[Row] = []
    tokens = 0
    for row in rows:
        if most_tokens is not None and batch and tokens + len(row.encoding) > most_tokens:
            yield batch
            batch, tokens = [], 0
        batch.append(row)
        tokens += len(row.encoding)
    yield batch


@torch.inference_mode()
def _run(rows: Sequence[ForwardRow], engine: Engine) -> list[Result]:
    outputs = engine.run([row.encoding for row in rows])
    return [Result(float(row.objective.value(output))) for row, output in zip(rows, outputs, strict=True)]
