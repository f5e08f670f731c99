"""Several methods at work at once, as one that asks for the rows of all. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import TypeVar

import torch

from transformermodel_predictor.explanations.rows import Asking, ForwardRow, Result, Row
from transformermodel_predictor.explanations.target import Objective
from transformermodel_predictor.tasks.task import Outputs

_Found = TypeVar("_Found")

_MOST_GRADIENTS = 8
"""Of one pass forward: nearly half of the work is saved, and a pass stays short beside predictions."""


def together(all_asking: Sequence[Asking[_Found]]) -> Asking[list[_Found]]:
    """Ask for what all of them want next, until each has found what it is to find; in their order.

    What several want to know of the same sequence is asked for once: targets of one text leave out the same words, and
    begin with the same steps on the way to it.

    Args:
        all_asking: not begun.
    """
    found: dict[int, _Found] = {}
    wanted: dict[int, Sequence[Row]] = {}
    for number, asking in enumerate(all_asking):
        try:
            wanted[number] = next(asking)
        except StopIteration as ended:
            found[number] = ended.value
    while wanted:
        results = iter(
            (yield from _shared([row for rows in wanted.values() for row in rows], by_several=len(wanted) > 1))
        )
        for number, rows in list(wanted.items()):
            try:
                wanted[number] = all_asking[number].send(list(islice(results, len(rows))))
            except StopIteration as ended:
                found[number] = ended.value
                del wanted[number]
    return [found[number] for number in range(len(all_asking))]


class _Several:
    """Several objectives of one sequence: an objective itself, which keeps the values of all."""

    def __init__(self, objectives: Sequence[Objective]) -> None:
        self.values: Sequence[float] = ()
        self._objectives = objectives

    def value(self, outputs: Outputs) -> torch.Tensor:
        """The first; see `Objective`."""
        values = [objective.value(outputs) for objective in self._objectives]
        self.values = [float(value) for value in values]
        return values[0]


def _shared(rows: Sequence[Row], *, by_several: bool) -> Asking[list[Result]]:
    """Results of all rows, in their order; those that a model would be given alike are asked for as one."""
    alike: dict[object, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        alike[_given(row) if by_several or isinstance(row, ForwardRow) else index].append(index)
    groups = [group for indices in alike.values() for group in _groups(rows, indices)]
    asked = [_as_one([rows[index] for index in group]) for group in groups]
    results = yield asked
    told: dict[int, Result] = {}
    for group, row, result in zip(groups, asked, results, strict=True):
        several = row.objective.values if isinstance(row.objective, _Several) else None
        parts = [replace(result, further=()), *result.further] if several is None else map(Result, several)
        told.update(zip(group, parts, strict=True))
    return [told[index] for index in range(len(rows))]


def _groups(rows: Sequence[Row], alike: Sequence[int]) -> Iterator[Sequence[int]]:
    """Rows that go as one: forward rows cost no more together than one does, gradients each their own pass back."""
    most = len(alike) if isinstance(rows[alike[0]], ForwardRow) else _MOST_GRADIENTS
    return (alike[first : first + most] for first in range(0, len(alike), most))


def _given(row: Row) -> object:
    """What a model is given of a row, as a key."""
    features: tuple[object, ...] = tuple((name, tuple(values)) for name, values in row.encoding.features.items())
    if row.encoding.alignment is not None:  # some models are told which tokens are the question's
        features = (*features, tuple(row.encoding.alignment.texts))
    return features if isinstance(row, ForwardRow) else (features, row.embedded.cpu().numpy().tobytes())


def _as_one(rows: Sequence[Row]) -> Row:
    first, *others = rows
    if not others:
        return first
    if isinstance(first, ForwardRow):
        return ForwardRow(first.encoding, _Several([row.objective for row in rows]))
    return replace(first, further=tuple(row.objective for row in others))
