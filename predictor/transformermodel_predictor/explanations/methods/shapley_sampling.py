"""Shapley values: what a feature adds to the objective when it joins, on average over all orders of joining.

L. S. Shapley, A Value for n-Person Games (1953). Averaging over drawn orders: J. Castro, D. Gómez and J. Tejada,
Polynomial calculation of the Shapley value based on sampling, Computers & Operations Research 36 (2009). Every drawn
order is followed by its reverse, whose errors partly cancel its own: R. Mitchell, J. Cooper, E. Frank and G. Holmes,
Sampling Permutations for Shapley Value Estimation, Journal of Machine Learning Research 23 (2022).

The values of each order sum to the difference between the text and the baseline, so those of their average do.
"""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import or_
from random import Random

from transformermodel_predictor.explanations.coalitions import has
from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.game import Game, Worths
from transformermodel_predictor.explanations.rows import Asking, Steps
from transformermodel_predictor.explanations.sampling import permutations, require_affordable
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools


def attribute(target: Target, options: Options, tools: Tools) -> Steps:
    """Sample orders; where all coalitions together cost no more than the samples would, compute the values exactly.

    Raises:
        InvalidQuestion: the baseline is no token of the model, or the samples would cost too much.
    """
    game = Game(target, tools.stand_in(options.baseline))
    orders = permutations(options, game.players)
    require_affordable(orders * game.players, len(target.encoding))
    return _value(game, orders, Random(options.seed))  # noqa: S311 - no secret


def _value(game: Game, orders: int, random: Random) -> Steps:
    worths = Worths(game)
    if 2**game.players <= orders * max(1, game.players):
        values = yield from _exactly(game, worths)
    else:
        values = yield from _averaged(game, worths, _draw(game.players, orders, random))
    whole, baseline = yield from worths.of([game.everyone, 0])
    return Attribution(game.by_token(values), delta=math.fsum(values) - (whole - baseline), steps=worths.asked)


def _exactly(game: Game, worths: Worths) -> Asking[list[float]]:
    """The sum over all coalitions S without a player of |S|! (n - |S| - 1)! / n! times what the player adds to S."""
    players, coalitions = game.players, range(game.everyone + 1)
    worth = yield from worths.of(coalitions)
    weights = [1 / (players * math.comb(players - 1, size)) for size in range(players)]
    return [
        math.fsum(
            weights[others.bit_count()] * (worth[others | 1 << player] - worth[others])
            for others in coalitions
            if not has(others, player)
        )
        for player in range(players)
    ]


def _draw(players: int, count: int, random: Random) -> list[Sequence[int]]:
    """Orders of joining: a drawn one, its reverse, another drawn one, ..."""
    orders: list[Sequence[int]] = []
    while len(orders) < count:
        order = random.sample(range(players), players)
        orders += [order, order[::-1]]
    return orders[:count]


def _averaged(game: Game, worths: Worths, orders: Sequence[Sequence[int]]) -> Asking[list[float]]:
    """What each player adds to those before it, on average over some orders."""
    totals = [0.0] * game.players
    for order in orders:
        present = accumulate((1 << player for player in order), or_, initial=0)
        worth = yield from worths.of(list(present))
        for player, (before, after) in zip(order, pairwise(worth), strict=True):
            totals[player] += after - before
    return [total / len(orders) for total in totals]
