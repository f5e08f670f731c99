"""What docs/tasks.md says of explanations: their parameters, from those that requests are read by. Pure."""

from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.explanations.request import OptionLimits, explanation_parameters
from transformermodel_predictor.tasks.reference import parameters_table

_INTRODUCTION = """\
## Explanations

Answers of every task are [explained](explanations.md). Beside the task's own parameters stand those below, the same
for all tasks but for `target`, whose values are those of [what can be
explained](explanations.md#what-can-be-explained). Methods with gradients read `steps`, `max_steps` and `tolerance`
where they integrate, methods that sample `samples` and `seed`; whatever a method does not read may be there all the
same. Of a model that generates, `seed` is that of the text too. Limits are those of
`spec.predictor.explanations.limits`, whose defaults are shown.
"""


def explanations_section() -> str:
    """The section, with all parameters that requests may have."""
    return f"{_INTRODUCTION}\n{parameters_table(explanation_parameters(Options(), OptionLimits()))}"
