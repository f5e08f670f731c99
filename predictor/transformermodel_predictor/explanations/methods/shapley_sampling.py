"""Shapley values: a feature's marginal contribution to the objective, averaged over random orders of joining.

L. S. Shapley, A Value for n-Person Games (1953). Sampling of orders: J. Castro, D. Gómez and J. Tejada,
Polynomial calculation of the Shapley value based on sampling, Computers & Operations Research 36 (2009). Each random
order is followed by its reverse, whose error partly cancels its own: R. Mitchell, J. Cooper, E. Frank and G. Holmes,
Sampling Permutations for Shapley Value Estimation, Journal of Machine Learning Research 23 (2022).

The contributions along each order sum to the objective's change from baseline to text, and so does their average.
"""

import math
from collections.abc import Sequence
from itertools import accumulate, pairwise
from operator import or_
from random import Random

from transformermodel_predictor.explanations.coalitions import contains
from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.game import Game, Worths
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.rows import AttributionGenerator, RowGenerator
from transformermodel_predictor.explanations.sampling import permutations, require_affordable
from transformermodel_predictor.explanations.target import Target


def attribute(target: Target, options: Options, access: ModelAccess) -> AttributionGenerator:
    """Sample orders, or compute exact values where evaluating every coalition costs no more than the samples.

    Raises:
        InvalidQuestion: the model has no such baseline token, or the samples are too expensive.
    """
    game = Game(target, access.baseline_token(options.baseline))
    orders = permutations(options, game.players)
    require_affordable(orders * game.players, len(target.encoding))
    return _value(game, orders, Random(options.seed))  # noqa: S311 - no secret


def _value(game: Game, orders: int, random: Random) -> AttributionGenerator:
    worths = Worths(game)
    if 2**game.players <= orders * max(1, game.players):
        values = yield from _exact(game, worths)
    else:
        values = yield from _sampled(game, worths, _draw(game.players, orders, random))
    whole, baseline = yield from worths.of([game.grand_coalition, 0])
    delta = math.fsum(values) - (whole - baseline)
    return Attribution(game.token_values(values), delta, steps=worths.evaluations)


def _exact(game: Game, worths: Worths) -> RowGenerator[list[float]]:
    """The sum over coalitions S without a player of |S|! (n - |S| - 1)! / n! times its marginal contribution to S."""
    players, coalitions = game.players, range(game.grand_coalition + 1)
    worth = yield from worths.of(coalitions)
    weights = [1 / (players * math.comb(players - 1, size)) for size in range(players)]
    return [
        math.fsum(
            weights[others.bit_count()] * (worth[others | 1 << player] - worth[others])
            for others in coalitions
            if not contains(others, player)
        )
        for player in range(players)
    ]


def _draw(players: int, count: int, random: Random) -> list[Sequence[int]]:
    """Random orders of joining, each followed by its reverse."""
    orders: list[Sequence[int]] = []
    while len(orders) < count:
        order = random.sample(range(players), players)
        orders += [order, order[::-1]]
    return orders[:count]


def _sampled(game: Game, worths: Worths, orders: Sequence[Sequence[int]]) -> RowGenerator[list[float]]:
    """Each player's marginal contribution to the players before it, averaged over orders."""
    totals = [0.0] * game.players
    for order in orders:
        present = accumulate((1 << player for player in order), or_, initial=0)
        worth = yield from worths.of(list(present))
        for player, (before, after) in zip(order, pairwise(worth), strict=True):
            totals[player] += after - before
    return [total / len(orders) for total in totals]
