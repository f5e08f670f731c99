"""docs/tasks.md says everything that the tasks say, and is up to date."""

from pathlib import Path

import pytest

from transformermodel_api.spec import TaskName
from transformermodel_predictor.generate import generated_files
from transformermodel_predictor.generation.parameters import PARAMETERS
from transformermodel_predictor.tasks.catalogue import TASKS, TaskConfiguration, make_task
from transformermodel_predictor.tasks.parameters import Parameter
from transformermodel_predictor.tasks.reference import tasks_page


@pytest.mark.parametrize("name", TASKS)
def test_every_tensor_and_parameter_has_a_row(name: TaskName) -> None:
    task = make_task(name, TaskConfiguration(("NEGATIVE", "POSITIVE"), 512))
    _, _, after = tasks_page().partition(f"## {name.value}\n")
    section, _, _ = after.partition("\n## ")
    known = getattr(task, "parameters", ())
    for named in (*task.inputs, *task.outputs, *known):
        assert f"| `{named.name}` |" in section


@pytest.mark.parametrize("parameter", PARAMETERS, ids=lambda parameter: parameter.name)
def test_parameters_of_generation_have_their_values_and_meaning(parameter: Parameter) -> None:
    start = f"| `{parameter.name}` | {parameter.kind.description} |"
    (line,) = [line for line in tasks_page().partition("## TextGeneration")[2].splitlines() if line.startswith(start)]
    assert line.endswith(f"| {parameter.description} |")


def test_defaults_of_generation_are_those_that_hold_where_nobody_says_otherwise() -> None:
    assert "| `max_new_tokens` | a whole number from 1 to 1000000 | `20` |" in tasks_page()
    assert "| `do_sample` | true or false | `false` |" in tasks_page()


def test_the_committed_pages_are_those_that_the_code_makes() -> None:
    for path, text in generated_files(Path(__file__).parents[3]).items():
        assert path.read_text(encoding="utf-8") == text, "run `make generate`"
