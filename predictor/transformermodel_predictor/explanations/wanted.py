"""Reading what a client wants to have explained: JSON, or Python's own notation, as TorchServe's clients send it. Pure.

A text is first what it is, such as the name of a class; only where nothing has that name may it denote a value.
"""

import ast
import json
import reprlib
from collections.abc import Sequence

from transformermodel_predictor.tasks.task import InvalidQuestion

EVERYTHING = "all"
"""What a client sends to have everything explained that can be."""

_LONGEST_LITERAL = 10_000
_MOST_NAMES = 20


def parsed(wanted: object) -> object:
    """The value that a text denotes, without running anything; the text itself where it denotes none."""
    if not isinstance(wanted, str) or len(wanted) > _LONGEST_LITERAL:
        return wanted
    try:
        return json.loads(wanted)
    except (ValueError, RecursionError):  # Python's notation, perhaps
        pass
    try:
        value: object = ast.literal_eval(wanted.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return wanted
    return value


def is_whole(value: object) -> bool:
    """Whether a value is a whole number; true and false are none."""
    return type(value) is int


def items_of(value: object) -> Sequence[object]:
    """The elements of a list or a tuple, or the value alone."""
    return value if isinstance(value, list | tuple) else [value]


def class_number(value: object, labels: Sequence[str]) -> int | None:
    """The number of a class that is given by its name or its number; None where there is no such class."""
    if isinstance(value, str):
        if value in labels:
            return labels.index(value)
        value = parsed(value)
    return value if isinstance(value, int) and is_whole(value) and 0 <= value < len(labels) else None


def place_in(value: object, text: str, optional: Sequence[str] = ()) -> tuple[int, int] | None:
    """The part of a text that an object with `start` and `end` names, in code points; None where it names none.

    Args:
        value: what a client sent.
        text: the text.
        optional: further keys that the object may have.
    """
    if not isinstance(value, dict) or not {"start", "end"} <= value.keys() <= {"start", "end", *optional}:
        return None
    start, end = value["start"], value["end"]
    if not (is_whole(start) and is_whole(end) and 0 <= start < end <= len(text)):
        return None
    return start, end


def refused(wanted: object, possible: str) -> InvalidQuestion:
    """An error that names a target that is not there, and those that are."""
    return InvalidQuestion(f"target {shown(wanted)} is not there; possible are {possible}")


def shown(value: object) -> str:
    """A value in a few characters."""
    try:
        return reprlib.repr(value)
    except ValueError:  # a number of thousands of digits
        return "with so many digits"


def listed(names: Sequence[str]) -> str:
    """Names for a message: the first ones, and how many more there are."""
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
