"""Driving one method to its end in the calling thread, as tests, the command line and benchmarks do."""

from collections.abc import Sequence
from typing import TypeVar

import torch

from transformermodel_predictor.engines.engine import Engine
from transformermodel_predictor.explanations.rows import Asking, ForwardRow, GradientRow, Result, Row
from transformermodel_predictor.explanations.twin import Twin

_Found = TypeVar("_Found")


def drive(steps: Asking[_Found], engine: Engine, twin: Twin | None = None) -> _Found:
    """Ask for each step's rows at once, until the method has found what it is to find.

    Args:
        steps: a method at work, or whatever else asks for rows; not begun.
        engine: what serves.
        twin: the model's; needed by gradient methods alone.
    """
    try:
        rows = next(steps)
        while True:
            rows = steps.send(results_of(rows, engine, twin))
    except StopIteration as ended:
        found: _Found = ended.value
        return found


def results_of(rows: Sequence[Row], engine: Engine, twin: Twin | None = None) -> list[Result]:
    """What the engine and the twin tell about rows, in their order: at most one call of each.

    Raises:
        LookupError: rows want gradients, and there is no twin.
    """
    forward = [row for row in rows if isinstance(row, ForwardRow)]
    gradient = [row for row in rows if isinstance(row, GradientRow)]
    if gradient and twin is None:
        raise LookupError("gradients are asked for, but the model has no differentiable twin")
    told = iter(_run(forward, engine) if forward else [])
    differentiated = iter(twin.run(gradient) if twin is not None and gradient else [])
    return [next(told if isinstance(row, ForwardRow) else differentiated) for row in rows]


@torch.inference_mode()
def _run(rows: Sequence[ForwardRow], engine: Engine) -> list[Result]:
    outputs = engine.run([row.encoding for row in rows])
    return [Result(float(row.objective.value(output))) for row, output in zip(rows, outputs, strict=True)]
