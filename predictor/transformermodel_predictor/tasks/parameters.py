"""Declares and reads the fields and parameters of questions. Pure.

Values come from JSON, from V2's parameters, which are scalars, and from gRPC's, which have no floats: numbers may be
written as strings, and lists as one JSON string.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from transformermodel_predictor.tasks.task import InvalidParameter, InvalidQuestion

Reader = Callable[[str, Any], Any]
"""Converts the value that a client sent under a name, or raises InvalidParameter."""

_UNKNOWN: Mapping[Literal["field", "parameter"], type[InvalidQuestion]] = {
    "field": InvalidQuestion,
    "parameter": InvalidParameter,
}
"""The error for an unknown name: a field belongs to one question, a parameter to the whole request."""


@dataclass(frozen=True)
class Kind:
    """The type of a parameter's values.

    Attributes:
        description: for people, such as `a whole number from 1 to 3`.
        read: converts what a client sent to such a value.
    """

    description: str
    read: Reader


@dataclass(frozen=True)
class Parameter:
    """A parameter of a question.

    Attributes:
        name: as clients send it.
        kind: the type of its values.
        default: the value if a client sends none.
        description: its effect, for the documentation.
    """

    name: str
    kind: Kind
    default: Any
    description: str


def read_parameters(sent: Mapping[str, Any], known: Sequence[Parameter]) -> dict[str, Any]:
    """The values of all known parameters; null counts as not sent.

    Raises:
        InvalidParameter: a parameter is unknown, or its value has the wrong type.
    """
    refuse_unknown("parameter", sent, [parameter.name for parameter in known])
    return {
        parameter.name: parameter.default
        if (value := sent.get(parameter.name)) is None
        else parameter.kind.read(parameter.name, value)
        for parameter in known
    }


def refuse_unknown(kind: Literal["field", "parameter"], sent: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse unknown names, which would otherwise be ignored silently.

    Raises:
        InvalidQuestion: a field is unknown; the message lists the known ones.
        InvalidParameter: a parameter is unknown; likewise.
    """
    for name in sent:
        if name not in known:
            *rest, last = known
            listed = f"{', '.join(rest)} and {last}" if rest else last
            raise _UNKNOWN[kind](f"{kind} {name!r} is not known; there {'are' if rest else 'is'} {listed}", field=name)


def text_field(fields: Mapping[str, Any], name: str) -> str:
    """Read a required text.

    Raises:
        InvalidQuestion: the text is missing, no string, or contains an unpaired surrogate.
    """
    value = fields.get(name)
    if value is None and name not in fields:
        raise InvalidQuestion(f"{name} is missing", field=name)
    if not isinstance(value, str):
        raise InvalidQuestion(f"{name} must be a string", field=name)
    require_characters(name, value)
    return value


def require_characters(name: str, text: str) -> None:
    """Refuse an unpaired surrogate, which escapes in JSON or Python can write and no tokenizer accepts.

    Raises:
        InvalidQuestion: the text contains one; the message says where.
    """
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise InvalidQuestion(
            f"{name} has half of a character, {text[error.start]!a}, at position {error.start}"
        ) from None


def flag() -> Kind:
    """True or false."""

    def read(name: str, value: object) -> bool:
        if not isinstance(value, bool):
            raise InvalidParameter(f"{name} must be true or false", field=name)
        return value

    return Kind("true or false", read)


def whole(least: int, most: int) -> Kind:
    """A whole number in a range."""
    description = f"a whole number from {least} to {most}"

    def read(name: str, value: object) -> int:
        number = _number_in(value) if isinstance(value, str) else value
        if isinstance(number, float) and number.is_integer():
            number = int(number)
        if isinstance(number, bool) or not isinstance(number, int) or not least <= number <= most:
            raise InvalidParameter(f"{name} must be {description}", field=name)
        return number

    return Kind(description, read)


def number(least: float, most: float) -> Kind:
    """A number in a range."""
    description = f"a number from {least:g} to {most:g}"

    def read(name: str, value: object) -> float:
        number = _number_in(value) if isinstance(value, str) else value
        if isinstance(number, bool) or not isinstance(number, int | float) or not least <= number <= most:
            raise InvalidParameter(f"{name} must be {description}", field=name)
        return float(number)

    return Kind(description, read)


def choice(members: type[StrEnum]) -> Kind:
    """One member of an enumeration."""
    description = f"one of {', '.join(members)}"

    def read(name: str, value: object) -> StrEnum:
        for member in members:
            if member == value:
                return member
        raise InvalidParameter(f"{name} must be {description}", field=name)

    return Kind(description, read)


def texts() -> Kind:
    """A list of texts; a single text counts as a list of one."""

    def read(name: str, value: object) -> tuple[str, ...]:
        items = _list_in(value) if isinstance(value, str) else value
        if not isinstance(items, list | tuple) or not all(isinstance(item, str) for item in items):
            raise InvalidParameter(f"{name} must be a list of strings", field=name)
        return tuple(items)

    return Kind("a list of strings", read)


def _number_in(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _list_in(text: str) -> object:
    """The list that a text holds as JSON, else a list of the text alone."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    return value if isinstance(value, list) else [text]
