"""Decides when a measurement has been repeated often enough. Pure.

The spread of a median is judged by McGill's notches: half the width of an approximate 95 % interval is
1.57 x interquartile range / sqrt(n) (McGill, Tukey and Larsen, "Variations of Box Plots", 1978). Quartiles ignore the
few runs that a busy neighbour delays.
"""

import math
import statistics
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

_NOTCH = 1.57


@dataclass(frozen=True)
class Budget:
    """Limits on the cost of a measurement.

    Attributes:
        seconds: per candidate; `least_rounds` are run however long they take.
        least_rounds: smallest number of rounds.
        spread: relative half-width of a median's interval that is narrow enough.
        first_rounds: run by all candidates, to find those that are worth more.
        margin: largest slowdown against the fastest of these rounds for a candidate to continue. Noise is a few percent
            on a quiet machine.
    """

    seconds: float = 1.5
    least_rounds: int = 3
    spread: float = 0.05
    first_rounds: int = 2
    margin: float = 1.3

    def without_rivals(self) -> "Budget":
        """The budget for a candidate whose speed is only reported, and decides nothing."""
        return replace(self, seconds=self.seconds / 3, least_rounds=min(self.least_rounds, self.first_rounds))


def is_enough(series: Collection[Sequence[float]], budget: Budget, candidates: int) -> bool:
    """Whether no further round is needed.

    Args:
        series: what was measured, each kind of each candidate with one value per round, in seconds.
        budget: how much it may cost.
        candidates: number of candidates that are measured in turns.
    """
    if min(len(values) for values in series) < budget.least_rounds:
        return False
    spent = sum(sum(values) for values in series)
    return spent >= budget.seconds * candidates or all(spread(values) <= budget.spread for values in series)


def spread(values: Sequence[float]) -> float:
    """Relative uncertainty of the median of at least two measurements: half the width of its confidence interval."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive")
    return _NOTCH * (high - low) / math.sqrt(len(values)) / median if median else 0.0
