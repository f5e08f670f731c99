"""docs/tasks.md says everything that the tasks say, and is up to date."""

from pathlib import Path

import pytest

from transformermodel_api.spec import TaskName
from transformermodel_predictor.generate import generated_files
from transformermodel_predictor.tasks.catalogue import TASKS, TaskConfiguration, make_task
from transformermodel_predictor.tasks.reference import tasks_page


@pytest.mark.parametrize("name", TASKS)
def test_every_tensor_and_parameter_has_a_row(name: TaskName) -> None:
    task = make_task(name, TaskConfiguration(("NEGATIVE", "POSITIVE"), 512))
    _, _, after = tasks_page().partition(f"## {name.value}\n")
    section, _, _ = after.partition("\n## ")
    known = getattr(task, "parameters", ())
    for named in (*task.inputs, *task.outputs, *known):
        assert f"| `{named.name}` |" in section


@pytest.mark.parametrize("parameter", ["max_new_tokens", "temperature", "seed", "stop"])
def test_parameters_of_generation_are_described(parameter: str) -> None:
    (line,) = [line for line in tasks_page().splitlines() if line.startswith(f"| `{parameter}` |")]
    assert len(line.split("|")[4].split()) > 3


def test_the_committed_pages_are_those_that_the_code_makes() -> None:
    for path, text in generated_files(Path(__file__).parents[3]).items():
        assert path.read_text(encoding="utf-8") == text, "run `make generate`"
