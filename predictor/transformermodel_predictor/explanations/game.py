"""The game of Shapley's theory: features play, a coalition is a part of the text, the model says what it is worth."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from transformermodel_predictor.explanations.coalitions import Coalition, everyone, has
from transformermodel_predictor.explanations.rows import Asking, ForwardRow
from transformermodel_predictor.explanations.target import Target

MOST_ROWS = 16
"""Rows that are asked for at once."""


@dataclass(frozen=True)
class Game:
    """A target whose features can be left out.

    Attributes:
        target: whose features.
        stand_in: the token that replaces those of absent features, so that every other keeps its place.
    """

    target: Target
    stand_in: int

    @cached_property
    def players(self) -> int:
        """Number of features."""
        return 1 + max((feature for feature in self.target.features if feature is not None), default=-1)

    @property
    def everyone(self) -> Coalition:
        """The text as it is."""
        return everyone(self.players)

    def row(self, coalition: Coalition) -> ForwardRow:
        """What the model is asked about a coalition."""
        encoding = self.target.encoding
        tokens = [
            token if feature is None or has(coalition, feature) else self.stand_in
            for token, feature in zip(encoding.features["input_ids"], self.target.features, strict=True)
        ]
        features = {**encoding.features, "input_ids": tokens}
        return ForwardRow(replace(encoding, features=features), self.target.objective)

    def by_token(self, values: Sequence[float]) -> tuple[float, ...]:
        """The value of each token, from those of the features: tokens of one feature share it evenly."""
        features = self.target.features
        tokens = [features.count(player) for player in range(self.players)]
        return tuple(0.0 if feature is None else values[feature] / tokens[feature] for feature in features)


class Worths:
    """What coalitions are worth, each asked for once.

    Args:
        game: whose.
    """

    def __init__(self, game: Game) -> None:
        self._game = game
        self._known: dict[Coalition, float] = {}

    @property
    def asked(self) -> int:
        """Number of evaluations so far."""
        return len(self._known)

    def of(self, coalitions: Sequence[Coalition]) -> Asking[list[float]]:
        """The worth of each, in their order.

        Raises:
            ArithmeticError: the model's output is not finite.
        """
        unknown = [coalition for coalition in dict.fromkeys(coalitions) if coalition not in self._known]
        for first in range(0, len(unknown), MOST_ROWS):
            chunk = unknown[first : first + MOST_ROWS]
            results = yield [self._game.row(coalition) for coalition in chunk]
            for coalition, result in zip(chunk, results, strict=True):
                if not math.isfinite(result.value):
                    raise ArithmeticError("the model's output for a part of the text is not finite")
                self._known[coalition] = result.value
        return [self._known[coalition] for coalition in coalitions]
