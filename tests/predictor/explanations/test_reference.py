"""What docs/tasks.md says of explanations is what requests may ask for."""

import pytest

from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.explanations.reference import explanations_section
from transformermodel_predictor.explanations.request import OptionLimits, explanation_parameters
from transformermodel_predictor.tasks.parameters import Parameter

PARAMETERS = explanation_parameters(Options(), OptionLimits())


@pytest.mark.parametrize("parameter", PARAMETERS, ids=[parameter.name for parameter in PARAMETERS])
def test_every_parameter_has_a_row(parameter: Parameter) -> None:
    start = f"| `{parameter.name}` |"
    (row,) = [line for line in explanations_section().splitlines() if line.startswith(start)]
    assert len(row.split("|")[4].split()) > 3


def test_the_methods_row_says_which_task_has_which() -> None:
    (row,) = [line for line in explanations_section().splitlines() if line.startswith("| `method` |")]
    assert row.endswith(
        "when not given integrated_gradients for SequenceClassification, TokenClassification, QuestionAnswering; "
        "feature_ablation for TextGeneration |"
    )
