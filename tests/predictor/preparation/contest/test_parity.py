"""When a candidate counts as equal to the reference."""

import math

import pytest

from transformermodel_api.preparation import Precision, Preparation
from transformermodel_predictor.preparation.contest.parity import compare, tolerance_of
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.sequence_classification import (
    Classification,
    SequenceClassification,
    TextQuestion,
)

TASK = SequenceClassification(TaskConfiguration(labels=("A", "B"), max_length=16))


def answers(*first: float) -> list[Classification]:
    """One per sample: the probability of A."""
    return [Classification(TextQuestion(""), (value, 1 - value)) for value in first]


@pytest.mark.parametrize(
    ("reference", "candidate", "tolerance", "problem"),
    [
        ([0.9, 0.2], [0.9, 0.2], 0.001, None),
        ([0.9, 0.2], [0.91, 0.2], 0.02, None),
        ([0.9, 0.2], [0.93, 0.2], 0.02, "its answers differ from the reference by 0.0300, more than 0.02"),
        ([0.504], [0.496], 0.02, None),  # another label, but the reference was undecided
        (
            [0.9, 0.515],  # led by 0.03
            [0.9, 0.497],
            0.02,
            "it answers 1 of 2 samples otherwise than the reference (sample 1 by a margin of 0.0300)",
        ),
        ([0.9], [math.nan], 0.02, "its answers differ from the reference by inf, more than 0.02"),
    ],
)
def test_a_candidate_is_in_parity_or_told_why_not(
    reference: list[float], candidate: list[float], tolerance: float, problem: str | None
) -> None:
    assert compare(TASK, answers(*reference), answers(*candidate), tolerance).problem == problem


def test_the_figures_of_a_comparison() -> None:
    parity = compare(TASK, answers(0.9, 0.504, 0.1), answers(0.89, 0.496, 0.1), 0.02)
    assert (parity.samples, parity.agreeing) == (3, 2)
    assert parity.difference == pytest.approx(0.01)
    (disagreement,) = parity.disagreements
    assert (disagreement.sample, disagreement.excused) == (1, True)
    assert (disagreement.difference, disagreement.preference) == pytest.approx((0.008, 0.008))


def test_the_tolerance_depends_on_the_precision_unless_the_manifest_says_one() -> None:
    by_precision = [tolerance_of(Preparation(), precision) for precision in Precision if precision != "Auto"]
    assert by_precision == [0.001, 0.03, 0.01, 0.1]
    strict = Preparation.model_validate({"parity": {"tolerance": "0.005"}})
    assert tolerance_of(strict, Precision.Int8) == 0.005
