"""Neighbours of equal length in a packed row, which attention computes together, as a small batch. Pure."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby


@dataclass(frozen=True)
class Run:
    """Neighbouring sequences of equal length.

    Attributes:
        start: index in the row of the run's first token.
        length: tokens per sequence.
        count: number of sequences.
    """

    start: int
    length: int
    count: int

    @property
    def stop(self) -> int:
        """The token after the run."""
        return self.start + self.length * self.count


@lru_cache(maxsize=8)  # called by every layer of a model
def runs_of(lengths: tuple[int, ...]) -> tuple[Run, ...]:
    """Divide a row into runs.

    Args:
        lengths: of the row's sequences, equal ones adjacent.
    """
    runs: list[Run] = []
    for length, group in groupby(lengths):
        runs.append(Run(runs[-1].stop if runs else 0, length, len(tuple(group))))
    return tuple(runs)
