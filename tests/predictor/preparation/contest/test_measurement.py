"""Measuring with a clock of our own: what takes how long is written down here."""

from collections import Counter
from dataclasses import replace

import pytest

from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.candidate import REFERENCE, Candidate, EngineName
from transformermodel_predictor.preparation.contest.measurement import (
    Course,
    contenders,
    first_rounds,
    measure,
    run_until_stable,
)
from transformermodel_predictor.preparation.contest.stability import Budget

PACKED = Candidate(Format.Pretrained, EngineName.Packed, Precision.Float32)


class Clock:
    """A clock that runs only while something is run."""

    def __init__(self) -> None:
        self.now = 0.0
        self.order: list[str] = []

    def __call__(self) -> float:
        return self.now

    def course(self, candidate: Candidate, batch: list[float], single: float, rows: int = 32) -> Course:
        times = iter(batch)

        def run_batch() -> None:
            self.order.append(candidate.engine)
            self.now += next(times)

        def run_single() -> None:
            self.now += single

        return Course(candidate, rows, run_batch, [run_single] * 2)


def test_a_candidate_s_throughput_and_latencies_come_from_its_own_runs() -> None:
    clock = Clock()
    warm_up = 9.0
    slow = clock.course(REFERENCE, [warm_up, 2.0, 2.0, 2.0], single=0.1)
    fast = clock.course(PACKED, [warm_up, 0.5, 0.5, 0.5], single=0.2)
    reference, packed = measure([slow, fast], Budget(seconds=100, least_rounds=3), clock)
    assert (reference.candidate, packed.candidate) == (REFERENCE, PACKED)
    assert (reference.batch.rows, reference.batch.per_second, reference.batch.p50) == pytest.approx((32, 16.0, 2.0))
    assert (packed.batch.per_second, packed.single.p50, packed.single.rows) == pytest.approx((64.0, 0.2, 1))
    assert reference.rounds == packed.rounds == 3


def test_the_slowest_runs_are_in_p99_and_not_in_the_median() -> None:
    clock = Clock()
    (measured,) = measure(
        [clock.course(REFERENCE, [1.0, 1.0, 1.0, 7.0, 1.0, 1.0], 0.1)], Budget(seconds=1, least_rounds=5), clock
    )
    assert (measured.batch.p50, measured.batch.p99) == pytest.approx((1.0, 7.0))


def test_candidates_take_turns_and_each_begins_as_often() -> None:
    clock = Clock()
    courses = [clock.course(candidate, [1.0] * 20, 0.1) for candidate in (REFERENCE, PACKED)]
    measure(courses, Budget(seconds=100, least_rounds=4), clock)
    turns = [tuple(clock.order[at : at + 2]) for at in range(2, len(clock.order), 2)]
    assert Counter(turns) == {("Pretrained", "Packed"): 2, ("Packed", "Pretrained"): 2}


def test_it_ends_when_the_budget_is_spent() -> None:
    clock = Clock()
    restless = [1.0, *(2.0 if turn % 2 else 0.5 for turn in range(100))]
    (measured,) = measure([clock.course(REFERENCE, restless, 0.001)], Budget(seconds=10, least_rounds=3), clock)
    assert measured.rounds == 8


def test_a_model_that_has_answered_already_is_timed_at_once() -> None:
    clock = Clock()
    warm = replace(clock.course(REFERENCE, [2.0, 2.0, 2.0], 0.1), warm=True)
    (measured,) = measure([warm], Budget(seconds=100, least_rounds=3), clock)
    assert (measured.rounds, measured.batch.p50) == (3, 2.0)


def test_what_is_clearly_slower_in_the_first_rounds_leaves() -> None:
    clock = Clock()
    slow = clock.course(REFERENCE, [0.0, 2.0, 2.0], single=0.1)
    fast = clock.course(PACKED, [0.0, *[1.0] * 20], single=0.1)
    timings = first_rounds([slow, fast], 2, clock)
    assert contenders(timings, margin=1.5) == {REFERENCE, PACKED}  # 1.41 in the geometric mean
    assert contenders(timings, margin=1.3) == {PACKED}
    run_until_stable([fast], timings[1:], Budget(seconds=100, least_rounds=5), clock)
    assert [one.measured().rounds for one in timings] == [2, 5]


def test_one_round_that_a_neighbour_delays_drives_nobody_out() -> None:
    clock = Clock()
    delayed = clock.course(REFERENCE, [0.0, 1.0, 9.0], single=0.1)
    other = clock.course(PACKED, [0.0, 1.0, 1.0], single=0.1)
    assert contenders(first_rounds([delayed, other], 2, clock), margin=1.3) == {REFERENCE, PACKED}
