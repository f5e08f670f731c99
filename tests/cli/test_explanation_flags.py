"""How the command line says what spec.predictor.explanations says in a manifest."""

import pytest

from transformermodel_api.errors import UserError
from transformermodel_api.explanation_defaults import settings_of
from transformermodel_api.explanations import ExplanationLimits, ExplanationMethod, Explanations
from transformermodel_api.spec import TaskName
from transformermodel_cli.explanation_flags import changed_explanations


def test_nothing_said_changes_nothing() -> None:
    manifest = Explanations(method=ExplanationMethod.Lime)
    assert changed_explanations(manifest, ()) is manifest


def test_what_is_said_goes_before_the_manifest() -> None:
    manifest = Explanations(method=ExplanationMethod.Lime, samples=50)
    given = ["enabled=false", "method=Saliency", "steps=32", "tolerance=0.1", "limits.targets=3"]
    assert changed_explanations(manifest, given) == Explanations(
        enabled=False,
        method=ExplanationMethod.Saliency,
        steps=32,
        tolerance="0.1",
        samples=50,
        limits=ExplanationLimits(targets=3),
    )


def test_what_the_operator_writes_is_what_its_manifest_said() -> None:
    manifest = Explanations(enabled=False, max_steps=20, limits=ExplanationLimits(steps=20, queue_size=5))
    assert changed_explanations(Explanations(), settings_of(manifest, TaskName.TextGeneration)) == manifest


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("Lime", "write KEY=VALUE, such as method=Lime"),
        ("methods=Lime", 'unknown field "methods"'),
        ("limits.step=5", 'unknown field "limits.step"'),
        ("steps.more=5", 'unknown field "steps.more"'),
        ("method=lime", 'method: Unsupported value: "lime": supported values: "IntegratedGradients"'),
        ("enabled=perhaps", 'enabled: Invalid value: "string"'),
        ("steps=many", 'steps: Invalid value: "string"'),
        ("steps=0", "steps: Invalid value: 0: steps in body should be greater than or equal to 1"),
        ("maxSteps=2000", "maxSteps must not be more than limits.steps"),
        ("tolerance=2", "must be a decimal from 0 to 1"),
    ],
)
def test_what_a_manifest_could_not_say_is_refused_with_the_same_sentence(setting: str, told: str) -> None:
    with pytest.raises(UserError) as refused:
        changed_explanations(Explanations(), [setting])
    assert told in str(refused.value)
