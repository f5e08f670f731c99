"""What requests say of how they want to be explained."""

from dataclasses import replace
from typing import Any

import pytest

from transformermodel_api.spec import TaskName
from transformermodel_predictor.explanations.explanation import Baseline, Method, Options
from transformermodel_predictor.explanations.request import ExplanationRequest, OptionLimits, read_request
from transformermodel_predictor.tasks.task import InvalidQuestion

TASK = TaskName.SequenceClassification


def options(**given: Any) -> Options:
    (found,) = read_request(TASK, given).method_options
    return found


def test_nothing_said_is_the_default() -> None:
    assert read_request(TASK, {}) == ExplanationRequest((Options(),), None, {})
    assert read_request(TaskName.TextGeneration, {}).method_options == (Options(Method.FeatureAblation),)
    own = Options(Method.Lime, Baseline.Mask, samples=7)
    assert read_request(TASK, {"method": None}, own).method_options == (own,)


def test_everything_said() -> None:
    asked = {
        "method": "shapley_sampling",
        "baseline": "mask",
        "steps": 8,
        "max_steps": 32,
        "tolerance": 0.1,
        "samples": 50,
        "seed": 3,
    }
    assert options(**asked) == Options(Method.ShapleySampling, Baseline.Mask, 8, 32, 0.1, 50, 3)
    assert options(**{name: str(value) for name, value in asked.items()}) == options(**asked)


def test_the_target_is_left_to_the_task_and_other_parameters_too() -> None:
    asked = read_request(TASK, {"target": [1, {"start": 0}], "top_k": 2, "nonsense": 1, "steps": 3})
    assert (asked.target, asked.parameters) == ([1, {"start": 0}], {"top_k": 2, "nonsense": 1})


@pytest.mark.parametrize("methods", ["lime, saliency,lime", ["lime", "saliency"]])
def test_several_methods_have_all_else_in_common(methods: object) -> None:
    found = read_request(TASK, {"methods": methods, "baseline": "mask", "target": 1, "method": None})
    common = Options(Method.Lime, Baseline.Mask)
    assert found == ExplanationRequest((common, replace(common, method=Method.Saliency)), 1, {})


def test_one_seed_decides_a_generated_text_and_the_samples() -> None:
    asked = read_request(TaskName.TextGeneration, {"seed": 5, "max_new_tokens": 2})
    assert (asked.method_options[0].seed, asked.parameters) == (5, {"seed": 5, "max_new_tokens": 2})
    assert read_request(TASK, {"seed": 5}).parameters == {}


def test_zeros_alone_are_refused_where_the_tasks_method_leaves_words_out() -> None:
    assert options(baseline="zero") == Options(baseline=Baseline.Zero)
    told = (
        "baseline zero is not a token, and feature_ablation needs one: use pad or mask, or one of the methods "
        "input_x_gradient, integrated_gradients, saliency"
    )
    with pytest.raises(InvalidQuestion, match=told):
        read_request(TaskName.TextGeneration, {"baseline": "zero"})
    named = read_request(TaskName.TextGeneration, {"baseline": "zero", "method": "saliency"})
    assert named.method_options == (Options(Method.Saliency, Baseline.Zero),)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"steps": 50}, (50, 256)),
        ({"steps": 400}, (400, 400)),
        ({"max_steps": 8}, (8, 8)),
        ({"max_steps": 64}, (12, 64)),
        ({"steps": 50, "max_steps": 50}, (50, 50)),
    ],
)
def test_steps_that_are_not_said_give_way_to_those_that_are(given: dict[str, int], expected: tuple[int, int]) -> None:
    found = options(**given)
    assert (found.steps, found.most_steps) == expected


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"method": "magic"}, "method must be one of integrated_gradients, input_x_gradient, saliency"),
        ({"baseline": "noise"}, "baseline must be one of pad, mask, zero"),
        ({"steps": 0}, "steps must be a whole number from 1 to 100"),
        ({"steps": 101}, "steps must be a whole number from 1 to 100"),
        ({"steps": True}, "steps must be a whole number"),
        ({"max_steps": 10**9}, "max_steps must be a whole number from 1 to 100"),
        ({"steps": 20, "max_steps": 10}, "max_steps must be at least steps, which is 20"),
        ({"tolerance": float("nan")}, "tolerance must be a number from 0 to 1"),
        ({"samples": 51}, "samples must be a whole number from 1 to 50"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"baseline": "zero", "method": "lime"}, "baseline zero is not a token, and lime needs one: use pad or mask"),
    ],
)
def test_what_cannot_be_is_refused_with_what_can(given: dict[str, Any], problem: str) -> None:
    with pytest.raises(InvalidQuestion, match=problem):
        read_request(TASK, given, Options(steps=10, most_steps=100), OptionLimits(steps=100, samples=50))
