"""What a server's settings are for a model of a task."""

import pytest

from transformermodel_api.errors import UserError
from transformermodel_api.explanations import (
    ExplanationBaseline,
    ExplanationLimits,
    ExplanationMethod,
    Explanations,
)
from transformermodel_api.spec import TaskName
from transformermodel_predictor.explanations.explanation import Method, Options
from transformermodel_predictor.explanations.request import OptionLimits
from transformermodel_predictor.explanations.settings import ExplanationSettings

ZERO = Explanations(baseline=ExplanationBaseline.Zero)


def test_models_of_different_tasks_have_different_defaults_by_one_setting() -> None:
    explanations = Explanations(limits=ExplanationLimits(steps=400, targets=3, queue_size=5))
    limits = OptionLimits(steps=400)
    assert ExplanationSettings.of(explanations, TaskName.QuestionAnswering) == ExplanationSettings(
        enabled=True, defaults=Options(Method.IntegratedGradients), limits=limits, targets=3, admitted=5
    )
    generating = ExplanationSettings.of(explanations, TaskName.TextGeneration)
    assert (generating.defaults, generating.limits) == (Options(Method.FeatureAblation), limits)


def test_zeros_are_refused_where_the_tasks_method_needs_a_token() -> None:
    """The command line says them before it is known which model comes."""
    with pytest.raises(UserError, match=r"^spec\.predictor\.explanations\.baseline: baseline Zero is no token: "):
        ExplanationSettings.of(ZERO, TaskName.TextGeneration)
    assert ExplanationSettings.of(ZERO, TaskName.TokenClassification)
    named = ZERO.model_copy(update={"method": ExplanationMethod.Saliency})
    assert ExplanationSettings.of(named, TaskName.TextGeneration)
