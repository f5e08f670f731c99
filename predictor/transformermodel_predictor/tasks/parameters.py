"""The fields and parameters of questions: what may be asked, and reading what was. Pure.

Values come from JSON, from V2's parameters, which are single values, and from gRPC's, which have no fractions: numbers
may be written as strings, and lists as one string in JSON.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Literal

from transformermodel_predictor.tasks.task import InvalidParameter, InvalidQuestion

Reader = Callable[[str, Any], Any]
"""Makes a value of what a client sent under a name, or raises InvalidParameter."""

_UNKNOWN: Mapping[Literal["field", "parameter"], type[InvalidQuestion]] = {
    "field": InvalidQuestion,
    "parameter": InvalidParameter,
}
"""What is said of names that nobody would read: a field is one question's, a parameter is the request's."""


@dataclass(frozen=True)
class Kind:
    """What values a parameter has.

    Attributes:
        description: for people, such as `a whole number from 1 to 3`.
        read: makes such a value of what a client sent.
    """

    description: str
    read: Reader


@dataclass(frozen=True)
class Parameter:
    """A parameter of a question.

    Attributes:
        name: as clients send it.
        kind: what values it has.
        default: the value where a client sends none.
        description: what it decides.
    """

    name: str
    kind: Kind
    default: Any
    description: str


def read_parameters(given: Mapping[str, Any], known: Sequence[Parameter]) -> dict[str, Any]:
    """The values of all known parameters; null counts as not sent.

    Raises:
        InvalidParameter: a parameter is unknown, or its value is of another kind.
    """
    refuse_unknown("parameter", given, [parameter.name for parameter in known])
    return {
        parameter.name: parameter.default
        if (value := given.get(parameter.name)) is None
        else parameter.kind.read(parameter.name, value)
        for parameter in known
    }


def refuse_unknown(kind: Literal["field", "parameter"], given: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse names that nobody would read.

    Raises:
        InvalidQuestion: a field is not known; the text names those that are.
        InvalidParameter: the same of a parameter.
    """
    for name in given:
        if name not in known:
            *rest, last = known
            listed = f"{', '.join(rest)} and {last}" if rest else last
            raise _UNKNOWN[kind](f"{kind} {name!r} is not known; there {'are' if rest else 'is'} {listed}", field=name)


def text_field(fields: Mapping[str, Any], name: str) -> str:
    """A required text.

    Raises:
        InvalidQuestion: it is missing, or not a string of whole characters.
    """
    value = fields.get(name)
    if value is None and name not in fields:
        raise InvalidQuestion(f"{name} is missing", field=name)
    if not isinstance(value, str):
        raise InvalidQuestion(f"{name} must be a string", field=name)
    require_characters(name, value)
    return value


def require_characters(name: str, text: str) -> None:
    """Refuse a text that no tokenizer takes: escapes, in JSON as in Python's notation, can write half of a character.

    Raises:
        InvalidQuestion: it has a surrogate without its other half; the text says where.
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
        found = _number_in(value) if isinstance(value, str) else value
        if isinstance(found, bool) or not isinstance(found, int | float) or not least <= found <= most:
            raise InvalidParameter(f"{name} must be {description}", field=name)
        return float(found)

    return Kind(description, read)


def choice(members: type[StrEnum]) -> Kind:
    """One of several words."""
    description = f"one of {', '.join(members)}"

    def read(name: str, value: object) -> StrEnum:
        for member in members:
            if member == value:
                return member
        raise InvalidParameter(f"{name} must be {description}", field=name)

    return Kind(description, read)


def texts() -> Kind:
    """Several texts."""

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
    """A list in JSON, or the text alone."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return [text]
    return value if isinstance(value, list) else [text]
