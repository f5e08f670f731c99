"""What spec.predictor.explanations becomes in the predictor, for a model of a task."""

import pytest

from transformermodel_api.explanations import (
    ExplanationBaseline,
    ExplanationLimits,
    ExplanationMethod,
    Explanations,
)
from transformermodel_api.spec import TaskName
from transformermodel_predictor.explanations.explanation import Baseline, Method, Options
from transformermodel_predictor.explanations.request import OptionLimits

TASK = TaskName.SequenceClassification


def test_a_spec_that_says_nothing_has_the_defaults() -> None:
    assert Options.of(Explanations(), TASK) == Options()
    assert OptionLimits.of(ExplanationLimits()) == OptionLimits()


def test_the_method_is_that_of_the_task_where_the_spec_names_none() -> None:
    assert Options.of(Explanations(), TaskName.TextGeneration) == Options(Method.FeatureAblation)
    named = Explanations(method=ExplanationMethod.IntegratedGradients)
    assert Options.of(named, TaskName.TextGeneration) == Options(Method.IntegratedGradients)


def test_the_spec_knows_the_same_methods_and_baselines() -> None:
    assert [method.name for method in ExplanationMethod] == [method.name for method in Method]
    assert [baseline.name for baseline in ExplanationBaseline] == [baseline.name for baseline in Baseline]


def test_what_the_spec_says() -> None:
    explanations = Explanations(
        method=ExplanationMethod.KernelShap, baseline=ExplanationBaseline.Mask, tolerance="0.1", samples=7
    )
    assert Options.of(explanations, TASK) == Options(Method.KernelShap, Baseline.Mask, tolerance=0.1, samples=7)


@pytest.mark.parametrize(
    ("explanations", "steps"),
    [
        (Explanations(steps=32), (32, 256)),
        (Explanations(steps=300), (300, 300)),
        (Explanations(max_steps=8), (8, 8)),
        (Explanations(limits=ExplanationLimits(steps=100)), (12, 100)),
        (Explanations(limits=ExplanationLimits(steps=4)), (4, 4)),
        (Explanations(steps=3, limits=ExplanationLimits(steps=4)), (3, 4)),
    ],
)
def test_steps_that_are_not_said_give_way_to_what_is(explanations: Explanations, steps: tuple[int, int]) -> None:
    options = Options.of(explanations, TASK)
    assert (options.steps, options.most_steps) == steps
