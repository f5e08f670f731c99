"""KernelSHAP: Shapley values as the coefficients of a weighted linear regression on coalitions' worths.

S. M. Lundberg and S.-I. Lee, A Unified Approach to Interpreting Model Predictions (NeurIPS 2017), theorem 2: with n
players a coalition of size s has weight (n - 1) / (C(n, s) s (n - s)). The empty and the grand coalition have infinite
weight: the regression is constrained to fit them exactly, so the values sum to the objective's change from baseline to
text. Coalitions are drawn in pairs with their complements: I. Covert and S.-I. Lee, Improving KernelSHAP (AISTATS
2021).
"""

import math
from itertools import chain
from random import Random

import torch

from transformermodel_predictor.explanations.coalitions import (
    Coalition,
    coalitions_of_size,
    grand_coalition,
    indicators,
    random_coalition,
)
from transformermodel_predictor.explanations.explanation import Attribution, Options
from transformermodel_predictor.explanations.game import Game, Worths
from transformermodel_predictor.explanations.model_access import ModelAccess
from transformermodel_predictor.explanations.regression import fit_shares
from transformermodel_predictor.explanations.rows import AttributionGenerator
from transformermodel_predictor.explanations.sampling import evaluations
from transformermodel_predictor.explanations.target import Target


def attribute(target: Target, options: Options, access: ModelAccess) -> AttributionGenerator:
    """Evaluate the coalitions of largest weight, and draw among the others; exact if all fit into the samples.

    Raises:
        InvalidQuestion: the model has no such baseline token.
    """
    game = Game(target, access.baseline_token(options.baseline))
    return _fit(game, evaluations(options, game.players), Random(options.seed))  # noqa: S311 - no secret


def weigh(players: int, samples: int, random: Random) -> dict[Coalition, float]:
    """Choose at most `samples` coalitions, with their regression weights.

    Sizes go from the smallest and largest inwards, each with its complement's. A size is enumerated while its share of
    the samples covers all its coalitions; the remaining samples are drawn from the remaining sizes.
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
        enumerated = chain.from_iterable(coalitions_of_size(players, one) for one in pair)
        weights |= dict.fromkeys(enumerated, shares.pop(size) / number)
    return weights


def _draw(players: int, shares: dict[int, float], samples: int, random: Random) -> dict[Coalition, float]:
    """Random coalitions and their complements, which share the weight of their sizes evenly."""
    weights: dict[Coalition, float] = {}
    sizes = random.choices(list(shares), list(shares.values()), k=samples // 2)
    for size in sizes:
        coalition = random_coalition(players, size, random)
        for one in (coalition, grand_coalition(players) ^ coalition):
            weights[one] = weights.get(one, 0.0) + sum(shares.values()) / (2 * len(sizes))
    return weights


def _pair(players: int, size: int) -> tuple[int, ...]:
    """A coalition size, and the size of its complement where that differs."""
    return (size,) if 2 * size == players else (size, players - size)


def _fit(game: Game, samples: int, random: Random) -> AttributionGenerator:
    worths = Worths(game)
    weights = weigh(game.players, samples, random)
    whole, baseline = yield from worths.of([game.grand_coalition, 0])
    sampled = yield from worths.of(list(weights))
    values = fit_shares(
        indicators(list(weights), game.players),
        torch.tensor(sampled, dtype=torch.float64) - baseline,
        torch.tensor(list(weights.values()), dtype=torch.float64),
        whole - baseline,
    )
    delta = math.fsum(values) - (whole - baseline)
    return Attribution(game.token_values(values), delta, steps=worths.evaluations)
