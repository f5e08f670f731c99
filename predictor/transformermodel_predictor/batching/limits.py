"""Limits on the size of a step and on the rows admitted at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Self

from transformermodel_api.predictor import Batching

_PADDED_ROWS = 32


class Overloaded(Exception):
    """Too many rows are waiting already to answer more in reasonable time; the client should retry later."""


@dataclass(frozen=True)
class BatchLimits:
    """Limits on the size of a step and on the rows admitted at once.

    Attributes:
        tokens: most tokens in one step; a row longer than this runs alone. Padding counts if the engine computes it.
        rows: most rows in one step; if None, 32 for engines that pad and no limit for those that do not.
        admitted: most rows admitted at once, waiting or running.
        delay: seconds that a row waits for others to share its step while the engine is idle.
    """

    tokens: int = 4096
    rows: int | None = None
    admitted: int = 2048
    delay: float = 0.0

    @classmethod
    def of(cls, batching: Batching) -> Self:
        """The limits in spec.predictor.batching, with defaults for those it leaves out."""
        values: dict[str, Any] = {
            "tokens": batching.max_tokens,
            "rows": batching.max_batch_size,
            "admitted": batching.max_queue_size,
            "delay": batching.max_delay_milliseconds / 1000,
        }
        return cls(**{name: value for name, value in values.items() if value is not None})

    def rows_of_step(self, *, padding_free: bool) -> int:
        """Most rows in one step of an engine."""
        return self.rows or (self.tokens if padding_free else _PADDED_ROWS)


class Admission:
    """Counts the rows admitted, waiting or running. Used from one thread.

    Args:
        limit: most rows admitted at once.
        noun: what the error message calls the rows.
    """

    def __init__(self, limit: int, noun: str = "texts") -> None:
        self._limit = limit
        self._noun = noun
        self.admitted = 0
        """Rows admitted at present."""

    @contextmanager
    def admit(self, rows: int) -> Iterator[None]:
        """Admit rows for as long as the context lasts, before any work is spent on them.

        Raises:
            Overloaded: the limit would be exceeded. A request is never refused while no other is admitted.
        """
        if self.admitted and self.admitted + rows > self._limit:
            raise Overloaded(f"{self.admitted} {self._noun} are waiting, at most {self._limit} may; try again later")
        self.admitted += rows
        try:
            yield
        finally:
            self.admitted -= rows
