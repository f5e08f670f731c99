"""Parsing the target that a client requests: JSON, or Python literals as TorchServe's clients send them. Pure.

A string is first taken literally, such as for the name of a class, and parsed only if nothing has that name.
"""

import ast
import json
import reprlib
from collections.abc import Sequence

from transformermodel_predictor.tasks.task import InvalidQuestion

EVERYTHING = "all"
"""The value that requests all targets."""

_LONGEST_LITERAL = 10_000
_MOST_NAMES = 20


def parse_literal(requested: object) -> object:
    """The value of a JSON or Python literal, without evaluating code; the string itself if it is neither."""
    if not isinstance(requested, str) or len(requested) > _LONGEST_LITERAL:
        return requested
    try:
        return json.loads(requested)
    except (ValueError, RecursionError):  # may be a Python literal
        pass
    try:
        value: object = ast.literal_eval(requested.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return requested
    return value


def is_integer(value: object) -> bool:
    """Whether a value is an integer; booleans are not."""
    return type(value) is int


def items_of(value: object) -> Sequence[object]:
    """The elements of a list or tuple, or the value as the only one."""
    return value if isinstance(value, list | tuple) else [value]


def class_index(value: object, labels: Sequence[str]) -> int | None:
    """The index of a class given by name or index; None if there is no such class."""
    if isinstance(value, str):
        if value in labels:
            return labels.index(value)
        value = parse_literal(value)
    return value if isinstance(value, int) and is_integer(value) and 0 <= value < len(labels) else None


def parse_span(value: object, text: str, optional: Sequence[str] = ()) -> tuple[int, int] | None:
    """The span (start, end) in code points of an object with `start` and `end`; None if it is not a span of the text.

    Args:
        value: from the client.
        text: the text.
        optional: further keys that the object may have.
    """
    if not isinstance(value, dict) or not {"start", "end"} <= value.keys() <= {"start", "end", *optional}:
        return None
    start, end = value["start"], value["end"]
    if not (is_integer(start) and is_integer(end) and 0 <= start < end <= len(text)):
        return None
    return start, end


def unknown_target(requested: object, possible: str) -> InvalidQuestion:
    """The error for a target that does not exist, naming the possible ones."""
    return InvalidQuestion(f"target {abbreviated(requested)} is not there; possible are {possible}")


def abbreviated(value: object) -> str:
    """The repr of a value, abbreviated for a message."""
    try:
        return reprlib.repr(value)
    except ValueError:  # Python refuses to print integers of thousands of digits
        return "with so many digits"


def name_list(names: Sequence[str]) -> str:
    """Names for a message: the first ones, and the number of the others."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
