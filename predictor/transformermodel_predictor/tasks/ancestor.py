"""The bodies and answers of TorchServe's generalized handler, for clients that were written for it. Pure.

A body is the text alone; with explanations a literal `{"text": ..., "target": ...}`; for question answering
`{"question": ..., "context": ...}`. Such a literal may be JSON or Python's own notation, sent as text or as JSON.
An answer is the label, the answer or the text alone, or a list of pairs of a token and its label.
"""

import ast
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from transformermodel_api.spec import TaskName
from transformermodel_predictor.tasks.task import InvalidQuestion

_TEXT_FIELDS = ("data", "body")
"""Names under which form parts and older clients of TorchServe send the text."""

_PARAMETERS: Mapping[TaskName, Mapping[str, Any]] = {
    TaskName.TokenClassification: {"aggregation_strategy": "none", "ignore_labels": []},
}

_LONGEST_LITERAL = 1_000_000
"""Most characters of a literal in Python's notation, whose parser needs a hundred bytes for each."""

_LONGEST_FRAME = 8_192
"""Most characters of a literal apart from its strings: parsing time grows with its structure, not its text."""

_STRING = re.compile(r"""'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*\"""", re.DOTALL)


@dataclass(frozen=True)
class AncestorQuestion:
    """A body in the ancestor's form.

    Attributes:
        fields: the question as named fields.
        target: what to explain, such as a class, or a token and its class, as the task's explanations read it; None
            if the body names none.
        parameters: parameters that make the task answer with the fields that `write_answer` needs.
    """

    fields: Mapping[str, Any]
    target: object = None
    parameters: Mapping[str, Any] = field(default_factory=dict)


def read_body(task: TaskName, body: object) -> AncestorQuestion:
    """Read a body: raw bytes or text, a JSON value, or a mapping of form parts.

    Raises:
        InvalidQuestion: the body is not UTF-8, or not of the form that the task needs.
    """
    value = _value(task, body)
    if isinstance(value, Mapping):
        fields = {name: content for name, content in value.items() if name != "target"}
        for name in _TEXT_FIELDS:
            if name in fields and len(fields) == 1:
                return _with_target(read_body(task, fields[name]), value)
        return AncestorQuestion(fields, _target(value.get("target")), _PARAMETERS.get(task, {}))
    if task is TaskName.QuestionAnswering:
        raise InvalidQuestion('the body must be an object, such as {"question": "...", "context": "..."}')
    if not isinstance(value, str):
        raise InvalidQuestion("the body must be a text, or an object with text")
    return AncestorQuestion({"text": value}, None, _PARAMETERS.get(task, {}))


def write_answer(task: TaskName, fields: Mapping[str, Any]) -> str | list[Any]:
    """Write an answer's named fields in the ancestor's form: a text, or a list to be sent as JSON."""
    match task:
        case TaskName.SequenceClassification:
            answer: str | list[Any] = fields["label"]
            return answer
        case TaskName.TokenClassification:
            return [[entity["token"], entity["entity"]] for entity in fields["entities"]]
        case TaskName.QuestionAnswering:
            return str(fields["answer"])
        case TaskName.TextGeneration:
            return str(fields["generated_text"])
        case TaskName.Custom:
            raise ValueError("the answers of the task Custom are written by its handler")


def _value(task: TaskName, body: object) -> object:
    if isinstance(body, bytes | bytearray):
        try:
            body = body.decode("utf-8")
        except UnicodeDecodeError:
            raise InvalidQuestion("the body must be UTF-8") from None
    if not isinstance(body, str):
        return body
    literal = _literal(body)
    return literal if isinstance(literal, Mapping) and _is_question(task, literal) else body


def _is_question(task: TaskName, literal: Mapping[Any, Any]) -> bool:
    """Whether a literal is a question of this task; a text to classify may itself look like a literal."""
    if task is TaskName.QuestionAnswering:
        return True
    return any(name in literal for name in ("text", *_TEXT_FIELDS))


def _literal(text: str) -> object:
    """Parse a text as JSON or as a Python literal, without running anything; None if it is neither."""
    if not text.lstrip().startswith("{") or not _is_small(text):
        return None
    try:
        return json.loads(text)
    except RecursionError:
        return None
    except ValueError:  # Python's notation, perhaps
        pass
    if len(text) > _LONGEST_LITERAL:
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def _is_small(text: str) -> bool:
    """Whether a literal has little structure, however long its strings are."""
    return len(text) <= _LONGEST_FRAME or len(_STRING.sub("''", text)) <= _LONGEST_FRAME


def _with_target(question: AncestorQuestion, outer: Mapping[str, Any]) -> AncestorQuestion:
    target = question.target if question.target is not None else _target(outer.get("target"))
    return AncestorQuestion(question.fields, target, question.parameters)


def _target(value: object) -> object:
    """The target; a text that spells a number or a collection, as form parts do, is parsed; lists become tuples."""
    if isinstance(value, str) and len(value) <= _LONGEST_LITERAL and _is_small(value):
        try:
            literal: object = ast.literal_eval(value.strip())
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return value
        value = literal if isinstance(literal, int | tuple | list | dict) and not isinstance(literal, bool) else value
    return tuple(value) if isinstance(value, list) else value
