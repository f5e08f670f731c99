"""A problem of a manifest, with the API server's message. Pure."""

from dataclasses import dataclass

from transformermodel_api.schema import Json
from transformermodel_api.validation.golang import bad_value, quoted


@dataclass(frozen=True)
class Problem:
    """A problem of one field.

    Attributes:
        path: the field, such as `spec.tests[0].input`.
        text: what is wrong with it.
        blocking: whether the API server skips the CEL rules because of it.
    """

    path: str
    text: str
    blocking: bool = False

    def __str__(self) -> str:
        return f"{self.path}: {self.text}"


def required(path: str, detail: str = "") -> Problem:
    """A required field is absent."""
    return Problem(path, f"Required value: {detail}" if detail else "Required value", blocking=True)


def invalid(path: str, value: Json, detail: str) -> Problem:
    """The value is invalid for the given reason."""
    return Problem(path, f"Invalid value: {bad_value(value)}: {detail}")


def wrong_type(path: str, actual: str, wanted: str) -> Problem:
    """The value has another JSON type."""
    detail = f'{path} in body must be of type {wanted}: "{actual}"'
    return Problem(path, f'Invalid value: "{actual}": {detail}', blocking=True)


def unsupported(path: str, value: Json, supported: list[str]) -> Problem:
    """The value is not in an enumeration."""
    detail = f"supported values: {', '.join(map(quoted, supported))}"
    return Problem(path, f"Unsupported value: {bad_value(value)}: {detail}", blocking=True)


def too_long(path: str, limit: int) -> Problem:
    """The text has too many characters, which the API server's message calls bytes."""
    return Problem(path, f"Too long: may not be more than {limit} {'byte' if limit == 1 else 'bytes'}", blocking=True)


def too_many(path: str, size: int, limit: int) -> Problem:
    """The list or map has too many entries."""
    unit = "item" if limit == 1 else "items"
    return Problem(path, f"Too many: {size}: must have at most {limit} {unit}", blocking=True)


def duplicate(path: str, value: Json) -> Problem:
    """The value occurs twice in a set."""
    return Problem(path, f"Duplicate value: {bad_value(value)}")
