"""Rows of a request as TorchServe hands them over, read as questions of a task. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from transformermodel_api.spec import TaskName
from transformermodel_predictor.tasks.ancestor import read_body
from transformermodel_predictor.tasks.catalogue import AnyTask
from transformermodel_predictor.tasks.question_answering import QuestionAnswering
from transformermodel_predictor.tasks.task import InvalidQuestion

_BODIES = ("data", "body")
_TARGET = "target"
_MORE = frozenset({"answers", "no_answer_score", "probabilities", "threshold", "top_k"})
"""Parameters that ask for more than the bare answer."""
_TENSOR = frozenset({"name", "shape", "datatype", "parameters"})
"""What KServe's envelope for V2 leaves beside `data`."""


@dataclass(frozen=True)
class RowQuestion:
    """A row as a question.

    Attributes:
        question: the task's own.
        target: what an explanation is to explain; None where it is left to the answer.
        detailed: whether the row asks for more than the bare answer, so that it is told with all its fields.
    """

    question: Any
    target: object = None
    detailed: bool = False


def read_row(task: AnyTask, row: object) -> RowQuestion:
    """Read a row: a text, JSON, a Python literal, form fields, or any of these as `data` or `body`.

    What a row names besides the task's inputs and the target are parameters of the task, such as `top_k` or `seed`.

    Raises:
        InvalidQuestion: it is not what the task asks for; the text says what would be right.
    """
    body, beside = _split(row)
    asked = read_body(task.name, _only(body))
    inputs = [spec.name for spec in task.inputs]
    fields = {name: value for name, value in asked.fields.items() if name in inputs}
    parameters = {name: value for name, value in {**asked.fields, **beside}.items() if name not in inputs}
    target = asked.target if asked.target is not None else parameters.get(_TARGET)
    parameters.pop(_TARGET, None)
    question = task.question(fields, {**parameters, **asked.parameters})
    detailed = task.name is not TaskName.TextGeneration and not _MORE.isdisjoint(parameters)
    return RowQuestion(question, _meant(task, target), detailed)


def _split(row: object) -> tuple[object, dict[str, Any]]:
    """The body of a row, and what stands beside it."""
    if not isinstance(row, Mapping):
        return row, {}
    fields = {str(name): _text(value) for name, value in row.items()}
    if "datatype" in fields:
        fields = {name: value for name, value in fields.items() if name not in _TENSOR}
    name = next((name for name in _BODIES if fields.get(name) is not None), None)
    if name is None:
        if not any(body in fields for body in _BODIES):
            return fields, {}
        raise InvalidQuestion("the body is empty")
    target = {_TARGET: fields[_TARGET]} if _TARGET in fields else {}
    beside = {other: value for other, value in fields.items() if other not in (*_BODIES, _TARGET)}
    return ({"data": _only(fields[name]), **target} if target else fields[name]), beside


def _only(value: object) -> object:
    """The element of a list that has but one, as envelopes and V2 tensors send a text."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _text(value: object) -> object:
    if not isinstance(value, bytes | bytearray):
        return value
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        raise InvalidQuestion("the body must be UTF-8") from None


def _meant(task: AnyTask, target: object) -> object:
    """The target; the ancestor's clients name a token for question answering, where start and end are explained."""
    if isinstance(task, QuestionAnswering) and isinstance(target, int | tuple):
        return None
    return target
