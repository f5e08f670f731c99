"""A piece of an answer that is sent while its row is still being worked on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Piece:
    """What a handler sends before it has finished.

    Attributes:
        index: the row in the batch.
        value: what is sent, in whatever form an answer may have.
        code: the status that goes with it.
        message: the status in words.
    """

    index: int
    value: Any
    code: int
    message: str


Sender = Callable[[Sequence[Piece]], None]
"""Sends pieces to the clients that wait for these rows."""
