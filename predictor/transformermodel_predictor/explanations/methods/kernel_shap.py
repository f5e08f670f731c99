"""KernelSHAP: Shapley values as the coefficients of a weighted linear model of what coalitions are worth.

S. M. Lundberg and S.-I. Lee, A Unified Approach to Interpreting Model Predictions (NeurIPS 2017), theorem 2: with n
players a coalition of s weighs (n - 1) / (C(n, s) s (n - s)). Nobody and everyone would weigh infinitely: the model is
made to meet them exactly, so that the values sum to the difference between the text and the baseline. Coalitions are
drawn together with their complements: I. Covert and S.-I. Lee, Improving KernelSHAP (AISTATS 2021).
"""

import math
from itertools import chain
from random import Random

import torch

from transformermodel_predictor.explanations.coalitions import Coalition, drawn, everyone, indicators, of_size
from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.game import Game, Worths
from transformermodel_predictor.explanations.regression import fit_shares
from transformermodel_predictor.explanations.rows import Steps
from transformermodel_predictor.explanations.sampling import evaluations
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools


def attribute(target: Target, options: Options, tools: Tools) -> Steps:
    """Ask for the most telling coalitions, and draw among the others; exact where there are samples for all.

    Raises:
        InvalidQuestion: the baseline is no token of the model.
    """
    game = Game(target, tools.stand_in(options.baseline))
    return _fit(game, evaluations(options, game.players), Random(options.seed))  # noqa: S311 - no secret


def weigh(players: int, samples: int, random: Random) -> dict[Coalition, float]:
    """Coalitions to ask for, at most so many, and their weights.

    Sizes are taken from the outside in, each together with that of the complements: all coalitions of a size where its
    share of the samples reaches for all; the samples that are left are drawn from the sizes that are left.
    """
    shares = {
        size: sum((players - 1) / (one * (players - one)) for one in _pair(players, size))
        for size in range(1, players // 2 + 1)
    }
    weights: dict[Coalition, float] = {}
    for size in list(shares):
        pair, rest = _pair(players, size), samples - len(weights)
        number = sum(math.comb(players, one) for one in pair)
        if number > rest * shares[size] / sum(shares.values()):
            return weights | _draw(players, shares, rest, random)
        every = chain.from_iterable(of_size(players, one) for one in pair)
        weights |= dict.fromkeys(every, shares.pop(size) / number)
    return weights


def _draw(players: int, shares: dict[int, float], samples: int, random: Random) -> dict[Coalition, float]:
    """Drawn coalitions and their complements, which share the weight of the sizes evenly."""
    weights: dict[Coalition, float] = {}
    sizes = random.choices(list(shares), list(shares.values()), k=samples // 2)
    for size in sizes:
        coalition = drawn(players, size, random)
        for one in (coalition, everyone(players) ^ coalition):
            weights[one] = weights.get(one, 0.0) + sum(shares.values()) / (2 * len(sizes))
    return weights


def _pair(players: int, size: int) -> tuple[int, ...]:
    """A size and that of the complements."""
    return (size,) if 2 * size == players else (size, players - size)


def _fit(game: Game, samples: int, random: Random) -> Steps:
    worths = Worths(game)
    weights = weigh(game.players, samples, random)
    whole, baseline = yield from worths.of([game.everyone, 0])
    worth = yield from worths.of(list(weights))
    values = fit_shares(
        indicators(list(weights), game.players),
        torch.tensor(worth, dtype=torch.float64) - baseline,
        torch.tensor(list(weights.values()), dtype=torch.float64),
        whole - baseline,
    )
    return Attribution(game.by_token(values), delta=math.fsum(values) - (whole - baseline), steps=worths.asked)
