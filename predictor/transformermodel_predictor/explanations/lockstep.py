"""Runs several row generators in lockstep, as one that shares identical rows between them. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import torch

from transformermodel_predictor.explanations.rows import ForwardRow, Result, Row, RowGenerator
from transformermodel_predictor.explanations.target import Objective
from transformermodel_predictor.tasks.task import Outputs

_Return = TypeVar("_Return")

_MOST_GRADIENTS = 8
"""Backward passes per shared forward pass: saves nearly half of the work, and keeps a pass short for predictions."""


def run_in_lockstep(generators: Sequence[RowGenerator[_Return]]) -> RowGenerator[list[_Return]]:
    """Advance all generators together until each has returned; their values, in the same order.

    Rows that differ only in their objective run once: targets of one text leave out the same words, and start with the
    same interpolation steps.

    Args:
        generators: not started.
    """
    returned: dict[int, _Return] = {}
    pending: dict[int, Sequence[Row]] = {}
    for number, generator in enumerate(generators):
        try:
            pending[number] = next(generator)
        except StopIteration as stop:
            returned[number] = stop.value
    while pending:
        rows = [row for rows in pending.values() for row in rows]
        results = iter((yield from _shared(rows, by_several=len(pending) > 1)))
        for number, own in list(pending.items()):
            try:
                pending[number] = generators[number].send(list(islice(results, len(own))))
            except StopIteration as stop:
                returned[number] = stop.value
                del pending[number]
    return [returned[number] for number in range(len(generators))]


class _Several:
    """An objective that evaluates several objectives of one sequence, and keeps their values."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self.values: Sequence[float] = ()
        self._objectives = objectives

    def value(self, outputs: Outputs) -> torch.Tensor:
        """The value of the first; see `Objective`."""
        values = [objective.value(outputs) for objective in self._objectives]
        self.values = [float(value) for value in values]
        return values[0]


def _shared(rows: Sequence[Row], *, by_several: bool) -> RowGenerator[list[Result]]:
    """Results of all rows, in order; rows with the same model input are merged into one.

    Gradient rows of a single generator are never alike, so their inputs are not compared.
    """
    alike: dict[object, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        alike[_model_input(row) if by_several or isinstance(row, ForwardRow) else index].append(index)
    groups = [group for indices in alike.values() for group in _groups(rows, indices)]
    merged = [_merged([rows[index] for index in group]) for group in groups]
    merged_results = yield merged
    results: dict[int, Result] = {}
    for group, row, result in zip(groups, merged, merged_results, strict=True):
        several = row.objective.values if isinstance(row.objective, _Several) else None
        parts = [replace(result, further=()), *result.further] if several is None else map(Result, several)
        results.update(zip(group, parts, strict=True))
    return [results[index] for index in range(len(rows))]


def _groups(rows: Sequence[Row], alike: Sequence[int]) -> Iterator[Sequence[int]]:
    """Rows to merge: any number of forward rows, which cost no more than one; each gradient costs a backward pass."""
    most = len(alike) if isinstance(rows[alike[0]], ForwardRow) else _MOST_GRADIENTS
    return (alike[first : first + most] for first in range(0, len(alike), most))


def _model_input(row: Row) -> object:
    """A hashable key of the model's input in a row."""
    features: tuple[object, ...] = tuple((name, tuple(values)) for name, values in row.encoding.features.items())
    if row.encoding.alignment is not None:  # the input of some models depends on which tokens are the question's
        features = (*features, tuple(row.encoding.alignment.texts))
    return features if isinstance(row, ForwardRow) else (features, row.embedded.cpu().numpy().tobytes())


def _merged(rows: Sequence[Row]) -> Row:
    first, *others = rows
    if not others:
        return first
    if isinstance(first, ForwardRow):
        return ForwardRow(first.encoding, _Several([row.objective for row in rows]))
    return replace(first, further=tuple(row.objective for row in others))
