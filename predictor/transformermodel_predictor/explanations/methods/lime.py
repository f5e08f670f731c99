"""LIME: the coefficients of a linear model of the objective in the neighbourhood of the text.

M. T. Ribeiro, S. Singh and C. Guestrin, "Why Should I Trust You?" (KDD 2016), as its authors do it for texts: of n
features a number from 1 to n is drawn, and so many are left out; a part of the text with a share p of its features lies
at the cosine distance d = 1 - sqrt(p), and weighs exp(-d^2 / (2 * 0.25^2)); the linear model is a ridge regression with
a penalty of 1 for 5,000 samples, and proportionally less for fewer. No completeness is promised.
"""

import math
from random import Random

import torch

from transformermodel_predictor.explanations.coalitions import Coalition, drawn, everyone, indicators
from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.game import Game, Worths
from transformermodel_predictor.explanations.regression import fit_ridge
from transformermodel_predictor.explanations.rows import Steps
from transformermodel_predictor.explanations.sampling import evaluations
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.tools import Tools

_KERNEL_WIDTH = 0.25
_PENALTY_PER_SAMPLE = 1 / 5000


def attribute(target: Target, options: Options, tools: Tools) -> Steps:
    """Ask for the text and drawn parts of it; where all parts are no more than the samples, for each of them once.

    Raises:
        InvalidQuestion: the baseline is no token of the model.
    """
    game = Game(target, tools.stand_in(options.baseline))
    return _fit(game, evaluations(options, game.players), Random(options.seed))  # noqa: S311 - no secret


def weigh(players: int, samples: int, random: Random) -> dict[Coalition, float]:
    """Coalitions to ask for, at most so many, and their weights: those of a part that is drawn twice add up.

    All of them, where there are no more, have the weights that they would have on average over many drawings.
    """
    weights = {everyone(players): 1.0}
    if players and 2**players <= samples:
        for coalition in range(everyone(players)):
            present = coalition.bit_count()
            expected = (samples - 1) / (players * math.comb(players, present))
            weights[coalition] = expected * _nearness(present / players)
    elif players:
        for _ in range(samples - 1):
            present = random.randrange(players)
            coalition = drawn(players, present, random)
            weights[coalition] = weights.get(coalition, 0.0) + _nearness(present / players)
    return weights


def _nearness(present: float) -> float:
    """The kernel, from the share of features that are present."""
    distance = 1 - math.sqrt(present)
    return math.exp(-(distance**2) / (2 * _KERNEL_WIDTH**2))


def _fit(game: Game, samples: int, random: Random) -> Steps:
    worths = Worths(game)
    weights = weigh(game.players, samples, random)
    worth = yield from worths.of(list(weights))
    values = fit_ridge(
        indicators(list(weights), game.players),
        torch.tensor(worth, dtype=torch.float64),
        torch.tensor(list(weights.values()), dtype=torch.float64),
        samples * _PENALTY_PER_SAMPLE,
    )
    return Attribution(game.by_token(values), delta=None, steps=worths.asked)
