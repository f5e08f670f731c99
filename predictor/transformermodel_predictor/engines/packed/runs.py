"""Neighbours of one length in a packed row, which attention takes together, as a small batch. Pure."""

from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby


@dataclass(frozen=True)
class Run:
    """Neighbours of one length.

    Attributes:
        start: first token of the run in the row.
        length: tokens of each sequence.
        count: sequences.
    """

    start: int
    length: int
    count: int

    @property
    def stop(self) -> int:
        """The token after the run."""
        return self.start + self.length * self.count

    def keys(self, multiple: int, total: int) -> int:
        """For how many keys the scores of a token are computed: those of its sequence, up to a whole multiple.

        The keys after those of a sequence are its neighbour's. Where the row ends before, there are no others.

        Args:
            multiple: of how many keys computing is fast.
            total: tokens of the row.
        """
        whole = -(-self.length // multiple) * multiple
        return whole if self.stop - self.length + whole <= total else self.length


@lru_cache(maxsize=8)  # every layer of a model asks again
def runs_of(lengths: tuple[int, ...]) -> tuple[Run, ...]:
    """A row as runs.

    Args:
        lengths: of the row's sequences, equal ones side by side.
    """
    runs: list[Run] = []
    for length, group in groupby(lengths):
        runs.append(Run(runs[-1].stop if runs else 0, length, len(tuple(group))))
    return tuple(runs)
