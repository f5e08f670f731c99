"""Elects the candidate to publish. Pure."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.contest.measurement import Measured

TIE = 1.05
"""A candidate must be faster than a simpler one by more than this factor to win."""


@dataclass(frozen=True)
class Standing:
    """A candidate's speed relative to the first one.

    Attributes:
        throughput: texts per second at the batch limit, as a multiple of the first candidate's.
        latency: the first candidate's median time for one text, as a multiple of this one's.
        contender: whether it was measured to the end.
    """

    candidate: Candidate
    throughput: float
    latency: float
    contender: bool = True

    @property
    def gain(self) -> float:
        """The geometric mean of both, so that twice as fast in one makes up for half as fast in the other."""
        return math.sqrt(self.throughput * self.latency)


def rank(measured: Sequence[Measured]) -> tuple[Standing, ...]:
    """Rank candidates, which are given from the simplest to the least simple.

    The fastest comes first, unless a simpler one is slower by no more than `TIE`; the others follow in the same way.
    Candidates too slow to be measured to the end come last.
    """
    standings = [_standing(one, measured[0]) for one in measured]
    near, far = ([one for one in standings if one.contender is wanted] for wanted in (True, False))
    return (*_ranked(near), *_ranked(far))


def why(ranked: Sequence[Standing], first: Candidate) -> str:
    """One sentence on why the first ranked candidate is taken."""
    winner = ranked[0]
    if len(ranked) == 1:
        return f"{winner.candidate} is the only candidate in parity."
    fastest = max((one for one in ranked if one.contender), key=lambda one: one.gain, default=winner)
    if fastest is not winner:
        return (
            f"{winner.candidate} is simpler than {fastest.candidate} and as fast within {TIE - 1:.0%} "
            f"({winner.gain:.2f} to {fastest.gain:.2f} times {first})."
        )
    if winner.candidate == first:
        return f"{winner.candidate} is the fastest; {ranked[1].candidate} reaches {ranked[1].gain:.2f} of it."
    return (
        f"{winner.candidate} is the fastest: {winner.throughput:.2f} times the throughput of {first} at the batch "
        f"limit, and {winner.latency:.2f} times as quick with one text."
    )


def _ranked(left: list[Standing]) -> Iterator[Standing]:
    while left:
        fastest = max(standing.gain for standing in left)
        taken = next(standing for standing in left if standing.gain * TIE >= fastest)
        left.remove(taken)
        yield taken


def _standing(one: Measured, first: Measured) -> Standing:
    return Standing(
        candidate=one.candidate,
        throughput=one.batch.per_second / first.batch.per_second,
        latency=first.single.p50 / one.single.p50,
        contender=one.contender,
    )
