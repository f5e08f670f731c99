"""Several methods at work at once, as one that asks for the rows of all. Pure."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import islice
from typing import TypeVar

import torch

from transformermodel_predictor.explanations.rows import Asking, ForwardRow, Result, Row
from transformermodel_predictor.explanations.target import Objective
from transformermodel_predictor.tasks.task import Encoding, Outputs

_Found = TypeVar("_Found")


def together(all_asking: Sequence[Asking[_Found]]) -> Asking[list[_Found]]:
    """Ask for what all of them want next, until each has found what it is to find; in their order.

    What several want to know of the same sequence is asked for once: targets of one text leave out the same words.

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
        results = iter((yield from _shared([row for rows in wanted.values() for row in rows])))
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


def _shared(rows: Sequence[Row]) -> Asking[list[Result]]:
    """Results of all rows, in their order; those of the serving engine that have one sequence are asked for as one."""
    alike: dict[object, list[int]] = defaultdict(list)
    for index, row in enumerate(rows):
        alike[_features(row.encoding) if isinstance(row, ForwardRow) else index].append(index)
    asked = [_as_one([rows[index] for index in indices]) for indices in alike.values()]
    results = yield asked
    told: dict[int, Result] = {}
    for indices, row, result in zip(alike.values(), asked, results, strict=True):
        several = row.objective.values if isinstance(row.objective, _Several) else None
        told.update(zip(indices, [result] if several is None else map(Result, several), strict=True))
    return [told[index] for index in range(len(rows))]


def _features(encoding: Encoding) -> object:
    """What a model is given of an encoding, as a key."""
    return tuple((name, tuple(values)) for name, values in encoding.features.items())


def _as_one(rows: Sequence[Row]) -> Row:
    first, *others = rows
    return ForwardRow(first.encoding, _Several([row.objective for row in rows])) if others else first
