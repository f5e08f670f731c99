"""The cooperative game of a target: features are players, a coalition's worth is the objective on its features only."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from transformermodel_predictor.explanations.coalitions import Coalition, contains, grand_coalition
from transformermodel_predictor.explanations.rows import ForwardRow, RowGenerator
from transformermodel_predictor.explanations.target import Target

MOST_ROWS = 16
"""Rows per request to the model."""


@dataclass(frozen=True)
class Game:
    """A target whose features can be left out.

    Attributes:
        target: what is explained.
        baseline_token: id of the token that replaces those of absent features, so that all others keep their position.
    """

    target: Target
    baseline_token: int

    @cached_property
    def players(self) -> int:
        """Number of features."""
        return 1 + max((feature for feature in self.target.features if feature is not None), default=-1)

    @property
    def grand_coalition(self) -> Coalition:
        """All features: the unchanged text."""
        return grand_coalition(self.players)

    def row(self, coalition: Coalition) -> ForwardRow:
        """The forward row of a coalition: the text with absent features replaced."""
        encoding = self.target.encoding
        tokens = [
            token if feature is None or contains(coalition, feature) else self.baseline_token
            for token, feature in zip(encoding.features["input_ids"], self.target.features, strict=True)
        ]
        features = {**encoding.features, "input_ids": tokens}
        return ForwardRow(replace(encoding, features=features), self.target.objective)

    def token_values(self, values: Sequence[float]) -> tuple[float, ...]:
        """Values per token from values per feature: a feature's value is split evenly among its tokens."""
        features = self.target.features
        tokens = [features.count(player) for player in range(self.players)]
        return tuple(0.0 if feature is None else values[feature] / tokens[feature] for feature in features)


class Worths:
    """The worths of coalitions, each evaluated once.

    Args:
        game: the game they are coalitions of.
    """

    def __init__(self, game: Game) -> None:
        self._game = game
        self._known: dict[Coalition, float] = {}

    @property
    def evaluations(self) -> int:
        """Number of coalitions evaluated so far."""
        return len(self._known)

    def of(self, coalitions: Sequence[Coalition]) -> RowGenerator[list[float]]:
        """The worth of each coalition, in the same order.

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
