"""What docs/tasks.md says of explanations: their parameters, from those that requests are read by. Pure."""

from collections.abc import Iterator
from dataclasses import replace

from transformermodel_api.explanations import Explanations
from transformermodel_predictor.explanations.explanation import Method, Options
from transformermodel_predictor.explanations.request import OptionLimits, explanation_parameters
from transformermodel_predictor.tasks.catalogue import TASKS
from transformermodel_predictor.tasks.parameters import Parameter
from transformermodel_predictor.tasks.reference import parameters_table

_INTRODUCTION = """\
## Explanations

Answers of every task can be [explained](explanations.md), with the parameters below beside the task's own. They are
the same for all tasks, except the default of `method` and the values of `target`
([what can be explained](explanations.md#what-can-be-explained)).

- `steps`, `max_steps` and `tolerance` are read by `integrated_gradients`; `samples` and `seed` by methods that sample.
  A parameter that a method does not read is ignored.
- For models that generate, `seed` is the seed of the text too.
- Limits are those of `spec.predictor.explanations.limits`; its defaults are shown.
"""


def explanations_section() -> str:
    """The section, with all parameters that requests may have."""
    return f"{_INTRODUCTION}\n{parameters_table(_parameters())}"


def _parameters() -> Iterator[Parameter]:
    """Those of every task; the one whose default depends on the task says on which."""
    defaults = {task: Options.of(Explanations(), task).method for task in TASKS}
    found = {method: [task.value for task, own in defaults.items() if own is method] for method in Method}
    by_task = "; ".join(f"{method} for {', '.join(tasks)}" for method, tasks in found.items() if tasks)
    for parameter in explanation_parameters(Options(), OptionLimits()):
        if parameter.name == "method":
            yield replace(parameter, default=None, description=f"{parameter.description}; when not given {by_task}")
        else:
            yield parameter
