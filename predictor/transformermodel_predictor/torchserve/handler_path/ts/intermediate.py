"""A piece of an answer that is sent while its row is still being processed."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Piece:
    """An intermediate response from a handler.

    Attributes:
        index: the row in the batch.
        value: any value that an answer may have.
        code: the HTTP status.
        message: the reason phrase.
    """

    index: int
    value: Any
    code: int
    message: str


Sender = Callable[[Sequence[Piece]], None]
"""Sends pieces to the clients of these rows."""
