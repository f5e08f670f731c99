"""The tasks that this version knows, by their names in the resource and in model-config.yaml."""

from typing import Any

from transformermodel_api.errors import UserError
from transformermodel_api.spec import TaskName
from transformermodel_predictor.tasks.configuration import TaskConfiguration
from transformermodel_predictor.tasks.question_answering import QuestionAnswering
from transformermodel_predictor.tasks.sequence_classification import SequenceClassification
from transformermodel_predictor.tasks.task import EncoderTask, Task
from transformermodel_predictor.tasks.text_generation import TextGeneration
from transformermodel_predictor.tasks.token_classification import TokenClassification

AnyTask = EncoderTask[Any, Any] | TextGeneration
"""A task of any kind, made for a model."""

_TaskType = type[SequenceClassification] | type[TokenClassification] | type[QuestionAnswering] | type[TextGeneration]

_TASKS: dict[TaskName, _TaskType] = {
    TaskName.SequenceClassification: SequenceClassification,
    TaskName.TextGeneration: TextGeneration,
    TaskName.TokenClassification: TokenClassification,
    TaskName.QuestionAnswering: QuestionAnswering,
}

TASKS = tuple(name for name in TaskName if name in _TASKS)
"""All tasks except Custom, which an archive's own handler answers."""


def task_type(name: TaskName) -> type[Task[Any, Any]]:
    """The class of a task; its `auto_class` and `mode` are known without a model."""
    return _TASKS[name]


def make_task(name: TaskName, configuration: TaskConfiguration) -> AnyTask:
    """A task for one model."""
    return _TASKS[name](configuration)


def task_of_mode(mode: str) -> TaskName:
    """The task for `handler.mode` in model-config.yaml.

    Raises:
        UserError: there is no such task; the message lists the known ones.
    """
    for name, task in _TASKS.items():
        if task.mode == mode:
            return name
    known = ", ".join(task.mode for task in _TASKS.values())
    raise UserError(f"handler.mode {mode!r} in model-config.yaml is not known; there are: {known}")


__all__ = ["TASKS", "AnyTask", "TaskConfiguration", "make_task", "task_of_mode", "task_type"]
