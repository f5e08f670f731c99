"""Measures the speed of candidates, in turns, so that a noisy neighbour disturbs all of them equally."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from transformermodel_predictor.candidate import Candidate
from transformermodel_predictor.preparation.contest.stability import Budget, is_enough

Clock = Callable[[], float]
"""A monotonic clock, in seconds."""


Run = Callable[[], object]
"""One forward pass, or one generation: whatever is timed."""


@dataclass(frozen=True)
class Course:
    """What a candidate runs in each round.

    Attributes:
        rows: of the batch.
        batch: a step at the batch limit.
        singles: a few single texts.
        warm: whether the model has run before; the first pass allocates memory, and is not timed.
    """

    candidate: Candidate
    rows: int
    batch: Run
    singles: Sequence[Run]
    warm: bool = False


@dataclass(frozen=True)
class Speed:
    """Timings with batches of one size.

    Attributes:
        rows: of the batch.
        per_second: rows per second, from the median.
        p50: median seconds of a batch.
        p99: seconds that 99 of 100 batches do not exceed; the longest of fewer than 100.
    """

    rows: int
    per_second: float
    p50: float
    p99: float


@dataclass(frozen=True)
class Measured:
    """How fast one candidate is.

    Attributes:
        single: with one text.
        batch: with as many as one step takes.
        rounds: how often the batch was run.
        contender: whether it was close enough to the fastest in the first rounds to be measured until stable.
    """

    candidate: Candidate
    single: Speed
    batch: Speed
    rounds: int
    contender: bool = True


@dataclass
class Timings:
    """Seconds of a candidate's rounds so far.

    Attributes:
        rows: of the batch.
        batches: of each round's batch.
        singles: of each text that came alone, round by round.
    """

    candidate: Candidate
    rows: int
    batches: list[float] = field(default_factory=list)
    singles: list[list[float]] = field(default_factory=list)

    @property
    def series(self) -> tuple[list[float], list[float]]:
        """Seconds per round: of the batch, and of the single texts together."""
        return self.batches, [sum(turn) for turn in self.singles]

    @property
    def shortest(self) -> float:
        """Geometric mean of the shortest batch and the shortest single texts: interference only lengthens timings."""
        batch, single = (min(values) for values in self.series)
        return math.sqrt(batch / self.rows * single)

    def measured(self, *, contender: bool = True) -> Measured:
        """The speed that they show."""
        singles = [seconds for turn in self.singles for seconds in turn]
        rounds = len(self.batches)
        return Measured(self.candidate, _speed(1, singles), _speed(self.rows, self.batches), rounds, contender)


def measure(courses: Sequence[Course], budget: Budget, clock: Clock = time.perf_counter) -> tuple[Measured, ...]:
    """Run rounds until the timings are stable or the budget is spent; each runs all candidates, in rotating order."""
    timings = first_rounds(courses, 0, clock)
    run_until_stable(courses, timings, budget, clock)
    return tuple(one.measured() for one in timings)


def first_rounds(courses: Sequence[Course], rounds: int, clock: Clock = time.perf_counter) -> tuple[Timings, ...]:
    """The timings of some rounds of all candidates, in their order."""
    for course in courses:
        if not course.warm:
            course.batch()
    timings = tuple(Timings(course.candidate, course.rows) for course in courses)
    for turn in range(rounds):
        _run_round(courses, timings, turn, clock)
    return timings


def contenders(timings: Sequence[Timings], margin: float) -> frozenset[Candidate]:
    """The candidates that are at most `margin` times as slow as the fastest."""
    fastest = min(one.shortest for one in timings)
    return frozenset(one.candidate for one in timings if one.shortest <= margin * fastest)


def run_until_stable(
    courses: Sequence[Course], timings: Sequence[Timings], budget: Budget, clock: Clock = time.perf_counter
) -> None:
    """Add rounds to timings, in the order of the courses, until they are stable or the budget is spent."""
    while not is_enough([series for one in timings for series in one.series], budget, len(timings)):
        _run_round(courses, timings, len(timings[0].batches), clock)


def _run_round(courses: Sequence[Course], timings: Sequence[Timings], turn: int, clock: Clock) -> None:
    pairs = list(zip(courses, timings, strict=True))
    first = turn % len(pairs)
    for course, times in (*pairs[first:], *pairs[:first]):
        times.batches.append(_seconds(course.batch, clock))
        times.singles.append([_seconds(run, clock) for run in course.singles])


def _seconds(run: Run, clock: Clock) -> float:
    began = clock()
    run()
    return clock() - began


def _speed(rows: int, seconds: Sequence[float]) -> Speed:
    ordered = sorted(seconds)
    median = statistics.median(ordered)
    return Speed(rows=rows, per_second=rows / median, p50=median, p99=ordered[math.ceil(0.99 * len(ordered)) - 1])
