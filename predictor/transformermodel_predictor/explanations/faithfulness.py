"""Faithfulness of an explanation: deletion and insertion curves of its word order, against random orders.

Deletion removes words one by one, the most important first: with a faithful explanation the probability falls early.
Insertion adds them to an empty text: the probability rises early. Each curve is summarised by the area under it
(V. Petsiuk, A. Das and K. Saenko, RISE, BMVC 2018).
"""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import or_
from random import Random
from typing import Self

import torch

from transformermodel_predictor.explanations.game import Game, Worths
from transformermodel_predictor.explanations.rows import RowGenerator
from transformermodel_predictor.tasks.task import Outputs


@dataclass(frozen=True)
class ClassProbability:
    """The softmax probability of a class, from `logits` [classes]: bounded, so that areas are comparable."""

    index: int

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        return outputs["logits"].softmax(dim=-1)[self.index]


@dataclass(frozen=True)
class Areas:
    """Areas under the deletion and insertion curves of one word order, as the mean objective along them.

    Attributes:
        deletion: lower is better.
        insertion: higher is better.
    """

    deletion: float
    insertion: float

    @classmethod
    def mean(cls, areas: Sequence[Self]) -> Self:
        """The mean over several orders or texts; at least one."""
        return cls(statistics.fmean(one.deletion for one in areas), statistics.fmean(one.insertion for one in areas))


@dataclass(frozen=True)
class Faithfulness:
    """An explanation's curves beside those of random orders.

    Attributes:
        explained: words in descending importance.
        random: mean over random orders.
    """

    explained: Areas
    random: Areas

    @property
    def gain(self) -> float:
        """Mean improvement of both areas over random orders, in the unit of the objective; 0 if no better."""
        deletion = self.random.deletion - self.explained.deletion
        return (deletion + self.explained.insertion - self.random.insertion) / 2


def judge(game: Game, values: Sequence[float], orders: int = 10, seed: int = 0) -> RowGenerator[Faithfulness]:
    """Compare an explanation's word order with random orders.

    Args:
        game: of the target; its objective should be a probability.
        values: attribution of each token, as in `Attribution`.
        orders: number of random orders.
        seed: of the random orders.
    """
    random = Random(seed)  # noqa: S311 - no secret
    worths = Worths(game)
    explained = yield from _areas(game, worths, ranking(game, values))
    others: list[Areas] = []
    while len(others) < orders:
        order = random.sample(range(game.players), game.players)
        others += [(yield from _areas(game, worths, order))]
    return Faithfulness(explained, Areas.mean(others))


def ranking(game: Game, values: Sequence[float]) -> list[int]:
    """Features in descending attribution, summed over their tokens; ties in the order of the text."""
    sums = [0.0] * game.players
    for feature, value in zip(game.target.features, values, strict=True):
        if feature is not None:
            sums[feature] += value
    return sorted(range(game.players), key=lambda player: -sums[player])


def _areas(game: Game, worths: Worths, order: Sequence[int]) -> RowGenerator[Areas]:
    first = list(accumulate((1 << player for player in order), or_, initial=0))
    inserted = yield from worths.of(first)
    deleted = yield from worths.of([game.grand_coalition ^ coalition for coalition in first])
    return Areas(_area(deleted), _area(inserted))


def _area(curve: Sequence[float]) -> float:
    """Area by the trapezoidal rule over [0, 1]; the value itself for a single point."""
    return statistics.fmean((one + next_) / 2 for one, next_ in pairwise(curve)) if len(curve) > 1 else curve[0]
