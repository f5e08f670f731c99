"""A setting on the command line: KEY=VALUE, whose value is JSON or else a text. Pure."""

import json
from dataclasses import dataclass
from typing import Self

from transformermodel_api.errors import UserError


@dataclass(frozen=True)
class Setting:
    """One KEY=VALUE.

    Attributes:
        key: what is set.
        text: everything after the first `=`.
    """

    key: str
    text: str

    @classmethod
    def read(cls, flag: str, given: str, example: str) -> Self:
        """Parse KEY=VALUE.

        Args:
            flag: the setting's flag, for messages.
            given: the argument.
            example: a valid setting, for messages.

        Raises:
            UserError: it has no key, or no `=`.
        """
        key, separator, text = given.partition("=")
        if not separator or not key:
            raise UserError(f"{flag} {given}: write KEY=VALUE, such as {example}")
        return cls(key, text)

    @property
    def value(self) -> object:
        """The text parsed as JSON: `5` is a number, `"5"` a text; if it is not JSON, the text itself."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return self.text

    @property
    def words(self) -> str:
        """The value of a setting that is always a text, even `0.1`."""
        value = self.value
        return value if isinstance(value, str) else self.text
