"""By which method answers are explained where nobody names one, and what of it a server is told."""

import pytest

from tests.unit.api.wrong_manifests import changed
from transformermodel_api.explanation_defaults import default_method, settings_of
from transformermodel_api.explanations import (
    ZERO_REFUSED,
    ExplanationBaseline,
    ExplanationMethod,
    Explanations,
)
from transformermodel_api.spec import TaskName
from transformermodel_api.validation import problems

WITH_ZERO = {ExplanationMethod.IntegratedGradients, ExplanationMethod.InputXGradient, ExplanationMethod.Saliency}
INTEGRATED = Explanations(method=ExplanationMethod.IntegratedGradients)


def test_generated_text_is_explained_by_leaving_words_out_and_all_else_by_integrated_gradients() -> None:
    other = {task: default_method(task) for task in TaskName}
    assert other.pop(TaskName.TextGeneration) is ExplanationMethod.FeatureAblation
    assert set(other.values()) == {ExplanationMethod.IntegratedGradients}


@pytest.mark.parametrize("task", [task for task in TaskName if task is not TaskName.Custom])
def test_zeros_are_refused_where_the_method_of_the_task_would_need_a_token(task: TaskName) -> None:
    refused = problems(changed(task=task.value, predictor__explanations={"baseline": "Zero"}))
    assert [sentence.endswith(ZERO_REFUSED) for sentence in refused] == [True] * (default_method(task) not in WITH_ZERO)


@pytest.mark.parametrize("method", [*ExplanationMethod])
def test_zeros_with_a_method_are_judged_by_the_method_alone(method: ExplanationMethod) -> None:
    explanations = {"baseline": "Zero", "method": method.value}
    manifest = changed(task="TextGeneration", predictor__explanations=explanations)
    assert (problems(manifest) == ()) is (method in WITH_ZERO)


@pytest.mark.parametrize("explanations", [{}, {"method": "IntegratedGradients"}], ids=["absent", "former default"])
def test_the_task_custom_takes_what_the_api_server_wrote_when_the_method_had_a_default(
    explanations: dict[str, str],
) -> None:
    source = {"uri": "s3://bucket/x.mar", "trustRemoteCode": "Allowed"}
    assert problems(changed(task="Custom", source=source, predictor__explanations=explanations)) == ()
    (refused,) = problems(changed(task="Custom", source=source, predictor__explanations={"method": "Saliency"}))
    assert "explanations are the handler's own for the task Custom" in refused


def test_a_server_is_told_no_method_that_it_has_anyway() -> None:
    assert settings_of(INTEGRATED, TaskName.SequenceClassification) == []
    assert settings_of(INTEGRATED, TaskName.Custom) == []
    ablation = Explanations(method=ExplanationMethod.FeatureAblation, baseline=ExplanationBaseline.Mask)
    assert settings_of(ablation, TaskName.TextGeneration) == ["baseline=Mask"]


def test_a_server_is_told_a_method_that_is_not_the_tasks_own() -> None:
    assert settings_of(INTEGRATED, TaskName.TextGeneration) == ["method=IntegratedGradients"]
