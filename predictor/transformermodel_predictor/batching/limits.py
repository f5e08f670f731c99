"""Bounds of a step, and of what may wait."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from transformermodel_api.predictor import Batching

_PADDED_ROWS = 32


class Overloaded(Exception):
    """More waits already than could be answered in good time."""


@dataclass(frozen=True)
class BatchLimits:
    """Bounds of a step, and of what may wait.

    Attributes:
        tokens: most tokens in one step; a row longer than this goes alone. Padding counts where it is computed.
        rows: most rows in one step; when None, 32 for engines that pad, and any number for those that do not.
        admitted: most rows in the house: waiting or running.
        delay: seconds that a row waits for company while the engine is idle.
    """

    tokens: int = 4096
    rows: int | None = None
    admitted: int = 2048
    delay: float = 0.0

    @classmethod
    def of(cls, batching: Batching) -> Self:
        """What spec.predictor.batching says, and the defaults where it says nothing."""
        given: dict[str, Any] = {
            "tokens": batching.max_tokens,
            "rows": batching.max_batch_size,
            "admitted": batching.max_queue_size,
            "delay": batching.max_delay_milliseconds / 1000,
        }
        return cls(**{name: value for name, value in given.items() if value is not None})

    def rows_of_step(self, *, padding_free: bool) -> int:
        """Most rows in one step of an engine."""
        return self.rows or (self.tokens if padding_free else _PADDED_ROWS)


class Admission:
    """Counts the rows in the house. Used from one thread.

    Args:
        limit: how many there may be.
        called: what a refusal calls the rows.
    """

    def __init__(self, limit: int, called: str = "texts") -> None:
        self._limit = limit
        self._called = called
        self.admitted = 0
        """Rows in the house."""

    @contextmanager
    def admit(self, rows: int) -> Iterator[None]:
        """Count rows in, before any work is spent on them, and out again.

        Raises:
            Overloaded: there are too many already. A request alone in the house is never refused.
        """
        if self.admitted and self.admitted + rows > self._limit:
            raise Overloaded(f"{self.admitted} {self._called} are waiting, at most {self._limit} may; try again later")
        self.admitted += rows
        try:
            yield
        finally:
            self.admitted -= rows
