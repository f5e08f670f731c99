"""Whether an explanation names what the model goes by: take the words that it calls important away, and look.

Deletion: words are left out one after the other, the most important first; a faithful explanation makes the probability
fall at once. Insertion: they are added to a text without words; it makes the probability rise at once. Both as the area
under the curve, next to that of random orders (V. Petsiuk, A. Das and K. Saenko, RISE, BMVC 2018).
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
from transformermodel_predictor.explanations.rows import Asking
from transformermodel_predictor.tasks.task import Outputs


@dataclass(frozen=True)
class ClassProbability:
    """The softmax of `logits` [classes] at a class: an objective to judge by, which is bounded as logits are not."""

    index: int

    def value(self, outputs: Outputs) -> torch.Tensor:
        """See `Objective`."""
        return outputs["logits"].softmax(dim=-1)[self.index]


@dataclass(frozen=True)
class Areas:
    """Areas under the curves of an order, as the mean objective along them.

    Attributes:
        deletion: the lower, the more the first words of the order mattered.
        insertion: the higher, the more they did.
    """

    deletion: float
    insertion: float

    @classmethod
    def mean(cls, areas: Sequence[Self]) -> Self:
        """Of several orders, or texts; at least one."""
        return cls(statistics.fmean(one.deletion for one in areas), statistics.fmean(one.insertion for one in areas))


@dataclass(frozen=True)
class Faithfulness:
    """An explanation's order of the words beside random ones.

    Attributes:
        explained: of the order from the most important word to the least.
        random: the mean of random orders.
    """

    explained: Areas
    random: Areas

    @property
    def gain(self) -> float:
        """How much better than random the explanation is: 0 not at all, in the unit of the objective."""
        deletion = self.random.deletion - self.explained.deletion
        return (deletion + self.explained.insertion - self.random.insertion) / 2


def judge(game: Game, values: Sequence[float], orders: int = 10, seed: int = 0) -> Asking[Faithfulness]:
    """Compare an explanation with random orders; it yields rows as methods do.

    Args:
        game: the target's, whose objective is best a probability.
        values: importance of each token, as in `Attribution`.
        orders: number of random ones.
        seed: of these.
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
    """The features from the most important to the least, by the sum over their tokens; equal ones as they stand."""
    sums = [0.0] * game.players
    for feature, value in zip(game.target.features, values, strict=True):
        if feature is not None:
            sums[feature] += value
    return sorted(range(game.players), key=lambda player: -sums[player])


def _areas(game: Game, worths: Worths, order: Sequence[int]) -> Asking[Areas]:
    first = list(accumulate((1 << player for player in order), or_, initial=0))
    inserted = yield from worths.of(first)
    deleted = yield from worths.of([game.everyone ^ coalition for coalition in first])
    return Areas(_area(deleted), _area(inserted))


def _area(curve: Sequence[float]) -> float:
    """By the trapezoidal rule, over an axis from 0 to 1; the only point where there is one."""
    return statistics.fmean((one + next_) / 2 for one, next_ in pairwise(curve)) if len(curve) > 1 else curve[0]
