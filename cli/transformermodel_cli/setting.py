"""A setting on the command line: KEY=VALUE, whose value is JSON, and a text where it is none. Pure."""

import json
from dataclasses import dataclass
from typing import Self

from transformermodel_api.errors import UserError


@dataclass(frozen=True)
class Setting:
    """What one KEY=VALUE says.

    Attributes:
        key: of the thing that is set.
        text: what was written behind the first `=`.
    """

    key: str
    text: str

    @classmethod
    def read(cls, flag: str, given: str, example: str) -> Self:
        """Part KEY=VALUE.

        Args:
            flag: whose setting it is, for messages.
            given: as it was written.
            example: a setting that would be right, for messages.

        Raises:
            UserError: it has no key, or no `=`.
        """
        key, separator, text = given.partition("=")
        if not separator or not key:
            raise UserError(f"{flag} {given}: write KEY=VALUE, such as {example}")
        return cls(key, text)

    @property
    def value(self) -> object:
        """The text as JSON: `5` is a number, `"5"` a text; as it stands where it is none."""
        try:
            return json.loads(self.text)
        except (ValueError, RecursionError):
            return self.text

    @property
    def words(self) -> str:
        """The value of what can only be a text: `0.1` is one too."""
        value = self.value
        return value if isinstance(value, str) else self.text
