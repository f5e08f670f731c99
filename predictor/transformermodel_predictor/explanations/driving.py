"""Driving one method to its end in the calling thread, as tests, the command line and benchmarks do."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch

from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.explanations.rows import Asking, ForwardRow, GradientRow, Result, Row
from transformermodel_predictor.explanations.twin import Twin

_Found = TypeVar("_Found")


def drive(
    steps: Asking[_Found], engine: Engine | None = None, twin: Twin | None = None, most_tokens: int | None = None
) -> _Found:
    """Ask for each step's rows, until the method has found what it is to find.

    Args:
        steps: a method at work, or whatever else asks for rows; not begun.
        engine: what serves; gradient methods alone can do without.
        twin: the model's; needed by gradient methods alone.
        most_tokens: of rows that run together; all rows that are wanted at once, when None.
    """
    try:
        rows = next(steps)
        while True:
            rows = steps.send(
                [result for part in _parts(rows, most_tokens) for result in results_of(part, engine, twin)]
            )
    except StopIteration as ended:
        found: _Found = ended.value
        return found


def results_of(rows: Sequence[Row], engine: Engine | None, twin: Twin | None = None) -> list[Result]:
    """What the engine and the twin tell about rows, in their order: at most one call of each.

    Raises:
        LookupError: rows want gradients, and there is no twin; or they want none, and there is no engine.
    """
    forward = [row for row in rows if isinstance(row, ForwardRow)]
    gradient = [row for row in rows if isinstance(row, GradientRow)]
    if gradient and twin is None:
        raise LookupError("gradients are asked for, but the model has no differentiable twin")
    if forward and engine is None:
        raise LookupError("answers are asked for, but there is no engine")
    told = iter(_run(forward, engine) if engine is not None and forward else [])
    differentiated = iter(twin.run(gradient) if twin is not None and gradient else [])
    return [next(told if isinstance(row, ForwardRow) else differentiated) for row in rows]


def _parts(rows: Sequence[Row], most_tokens: int | None) -> Iterator[Sequence[Row]]:
    """Rows in their order, so many tokens together; a row that has more is one by itself."""
    part: list[Row] = []
    tokens = 0
    for row in rows:
        if most_tokens is not None and part and tokens + len(row.encoding) > most_tokens:
            yield part
            part, tokens = [], 0
        part.append(row)
        tokens += len(row.encoding)
    yield part


@torch.inference_mode()
def _run(rows: Sequence[ForwardRow], engine: Engine) -> list[Result]:
    outputs = engine.run([row.encoding for row in rows])
    return [Result(float(row.objective.value(output))) for row, output in zip(rows, outputs, strict=True)]
