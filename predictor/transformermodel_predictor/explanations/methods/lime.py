"""LIME: the coefficients of a linear model of the objective, fitted to perturbations of the text.

M. T. Ribeiro, S. Singh and C. Guestrin, "Why Should I Trust You?" (KDD 2016), as in their text explainer: of n
features a random number from 1 to n is left out; a sample that keeps a share p of the features has cosine distance
d = 1 - sqrt(p) from the text, and weight exp(-d^2 / (2 * 0.25^2)); the model is a ridge regression with penalty 1 for
5,000 samples, and proportionally less for fewer. No completeness.
"""

import math
from random import Random

import torch

from transformermodel_predictor.explanations.coalitions import Coalition, grand_coalition, indicators, random_coalition
from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.game import Game, Worths
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.regression import fit_ridge
from transformermodel_predictor.explanations.rows import AttributionGenerator
from transformermodel_predictor.explanations.sampling import evaluations
from transformermodel_predictor.explanations.target import Target

_KERNEL_WIDTH = 0.25
_PENALTY_PER_SAMPLE = 1 / 5000


def attribute(target: Target, options: Options, access: ModelAccess) -> AttributionGenerator:
    """Evaluate the text and random parts of it, or each part once if there are no more than the samples.

    Raises:
        InvalidQuestion: the model has no such baseline token.
    """
    game = Game(target, access.baseline_token(options.baseline))
    return _fit(game, evaluations(options, game.players), Random(options.seed))  # noqa: S311 - no secret


def weigh(players: int, samples: int, random: Random) -> dict[Coalition, float]:
    """Choose at most `samples` coalitions, with their regression weights; those of repeated draws add up.

    Where all coalitions fit, each has its expected weight over random draws.
    """
    weights = {grand_coalition(players): 1.0}
    if players and 2**players <= samples:
        for coalition in range(grand_coalition(players)):
            present = coalition.bit_count()
            expected = (samples - 1) / (players * math.comb(players, present))
            weights[coalition] = expected * _nearness(present / players)
    elif players:
        for _ in range(samples - 1):
            present = random.randrange(players)
            coalition = random_coalition(players, present, random)
            weights[coalition] = weights.get(coalition, 0.0) + _nearness(present / players)
    return weights


def _nearness(present: float) -> float:
    """The kernel weight of a sample, from its share of present features."""
    distance = 1 - math.sqrt(present)
    return math.exp(-(distance**2) / (2 * _KERNEL_WIDTH**2))


def _fit(game: Game, samples: int, random: Random) -> AttributionGenerator:
    worths = Worths(game)
    weights = weigh(game.players, samples, random)
    sampled = yield from worths.of(list(weights))
    values = fit_ridge(
        indicators(list(weights), game.players),
        torch.tensor(sampled, dtype=torch.float64),
        torch.tensor(list(weights.values()), dtype=torch.float64),
        samples * _PENALTY_PER_SAMPLE,
    )
    return Attribution(game.token_values(values), delta=None, steps=worths.evaluations)
