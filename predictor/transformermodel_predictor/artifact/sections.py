"""Typed access to the sections of model-config.yaml. Pure."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self, TypeVar

Named = TypeVar("Named", bound=StrEnum)


@dataclass(frozen=True)
class Section:
    """A mapping in model-config.yaml, with its name for messages.

    All methods raise ValueError for a value of the wrong type; the message names the key, such as `handler.max_length`.
    A key without a value, or with null, counts as absent.
    """

    name: str
    values: Mapping[str, Any]

    @classmethod
    def of(cls, name: str, value: object) -> Self:
        """The section of a value; None is an empty section."""
        if value is None:
            return cls(name, {})
        if not isinstance(value, Mapping):
            raise ValueError(f"{name} must be a mapping, not {value!r}")  # noqa: TRY004 - the file is wrong
        return cls(name, value)

    def __contains__(self, key: str) -> bool:
        return self.values.get(key) is not None

    def flag(self, key: str, default: bool = False) -> bool:
        """True or false."""
        return default if key not in self else self._typed(key, bool)

    def text(self, key: str, default: str) -> str:
        """A string."""
        return default if key not in self else self._typed(key, str)

    def whole(self, key: str, least: int = 0) -> int | None:
        """A whole number of at least that; TorchServe's own example writes some in quotes."""
        if key not in self:
            return None
        value = self.values[key]
        if isinstance(value, str) and value.isdecimal():
            value = int(value)
        if type(value) is not int or value < 0:
            raise self.wrong(key, "int")
        if value < least:
            raise self.wrong(key, f"at least {least}")
        return value

    def number(self, key: str, least: float = 0.0, most: float = math.inf) -> float | None:
        """A number of a range, whole or not, that is finite."""
        if key not in self:
            return None
        value = self.values[key]
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise self.wrong(key, "a number")
        if not least <= value <= most:
            raise self.wrong(key, f"at least {least:g}" if math.isinf(most) else f"from {least:g} to {most:g}")
        return float(value)

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings, or one of them alone."""
        value = self.values.get(key) or []
        items = [value] if isinstance(value, str) else value
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self.wrong(key, "a list of strings")
        return tuple(items)

    def choice(self, key: str, default: Named) -> Named:
        """A member of an enum, whatever the case of its letters."""
        known = {member.value.casefold(): member for member in type(default)}
        value = self.text(key, default.value)
        if value.casefold() not in known:
            raise self.wrong(key, f"one of {', '.join(known)}")
        return known[value.casefold()]

    def require_known(self, *keys: str) -> None:
        """Refuse unknown keys."""
        for key in self.values:
            if key not in keys:
                raise ValueError(f"{self.name}.{key} is not known; there are {', '.join(keys)}")

    def wrong(self, key: str, wanted: str) -> ValueError:
        """The error of a value that is not what it must be."""
        return ValueError(f"{self.name}.{key} must be {wanted}, not {self.values[key]!r}")

    def _typed(self, key: str, wanted: type[Any]) -> Any:  # noqa: ANN401
        if type(self.values[key]) is not wanted:
            raise self.wrong(key, wanted.__name__)
        return self.values[key]
