"""The stopping rule, on timings that are written down."""

import pytest

from transformermodel_predictor.preparation.contest.stability import Budget, is_enough, spread

BUDGET = Budget(seconds=10.0, least_rounds=3, spread=0.05)


@pytest.mark.parametrize(
    ("series", "candidates", "enough"),
    [
        ([[]], 1, False),
        ([[1.0, 1.0]], 1, False),  # however equal: too few
        ([[1.0, 1.0, 1.0]], 1, True),
        ([[1.0, 1.0, 1.0], [1.0, 1.0]], 2, False),  # each kind of each candidate counts
        ([[1.0, 1.01, 0.99]], 1, True),
        ([[1.0, 1.3, 0.8]], 1, False),
        ([[1.0, 1.0, 1.0], [1.0, 1.3, 0.8]], 2, False),
        ([[1.0, 1.0, 1.0, 9.0, 1.0, 1.0]], 1, True),  # one run that a neighbour delayed
        ([[3.0, 5.0, 4.0]], 1, True),  # 12 s of 10: it will not become better
        ([[3.0, 5.0, 4.0]], 2, False),  # of 20
    ],
)
def test_rounds_end_when_timings_are_stable_or_the_budget_is_spent(
    series: list[list[float]], candidates: int, enough: bool
) -> None:
    assert is_enough(series, BUDGET, candidates) is enough


def test_a_median_becomes_surer_with_the_root_of_the_number_of_runs() -> None:
    few, many = [0.9, 1.0, 1.1] * 4, [0.9, 1.0, 1.1] * 16
    assert spread(few) == pytest.approx(2 * spread(many), rel=0.01)
    assert spread([0.0, 0.0]) == 0.0


def test_a_candidate_without_rivals_is_measured_less() -> None:
    alone = Budget(seconds=3.0, least_rounds=3, spread=0.05).without_rivals()
    assert (alone.seconds, alone.least_rounds, alone.spread) == (1.0, 2, 0.05)
