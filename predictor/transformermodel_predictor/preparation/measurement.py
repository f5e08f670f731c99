"""How fast candidates are. They are measured in turns, so that a noisy neighbour disturbs all of them alike."""

import math
import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from transformermodel_predictor.preparation.candidate import Candidate
from transformermodel_predictor.preparation.stability import Budget, is_enough

Clock = Callable[[], float]
"""Seconds that only ever grow."""


Run = Callable[[], object]
"""One forward pass, or one generation: whatever is timed."""


@dataclass(frozen=True)
class Course:
    """What a candidate runs in every round.

    Attributes:
        rows: of the batch.
        batch: a step at the batch limit.
        singles: a few texts that come alone.
    """

    candidate: Candidate
    rows: int
    batch: Run
    singles: Sequence[Run]


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
    """

    candidate: Candidate
    single: Speed
    batch: Speed
    rounds: int


@dataclass
class _Timings:
    """Seconds of the rounds so far.

    Attributes:
        batches: of each round's batch.
        singles: of each text that came alone, round by round.
    """

    course: Course
    batches: list[float] = field(default_factory=list)
    singles: list[list[float]] = field(default_factory=list)

    def run(self, clock: Clock) -> None:
        self.batches.append(_seconds(self.course.batch, clock))
        self.singles.append([_seconds(run, clock) for run in self.course.singles])

    @property
    def series(self) -> tuple[list[float], list[float]]:
        """Seconds per round: of the batch, and of the single texts together."""
        return self.batches, [sum(turn) for turn in self.singles]

    def measured(self) -> Measured:
        singles = [seconds for turn in self.singles for seconds in turn]
        return Measured(
            self.course.candidate, _speed(1, singles), _speed(self.course.rows, self.batches), len(self.batches)
        )


def measure(courses: Sequence[Course], budget: Budget, clock: Clock = time.perf_counter) -> tuple[Measured, ...]:
    """Run rounds until the timings are stable or the budget is spent; in each all candidates run, another one first."""
    timings = [_Timings(course) for course in courses]
    for course in courses:
        course.batch()  # the first pass allocates
    turn = 0
    while not is_enough([series for one in timings for series in one.series], budget, len(timings)):
        first = turn % len(timings)
        for one in (*timings[first:], *timings[:first]):
            one.run(clock)
        turn += 1
    return tuple(one.measured() for one in timings)


def _seconds(run: Run, clock: Clock) -> float:
    began = clock()
    run()
    return clock() - began


def _speed(rows: int, seconds: Sequence[float]) -> Speed:
    ordered = sorted(seconds)
    median = statistics.median(ordered)
    return Speed(rows=rows, per_second=rows / median, p50=median, p99=ordered[math.ceil(0.99 * len(ordered)) - 1])
