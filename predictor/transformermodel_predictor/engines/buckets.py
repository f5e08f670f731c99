"""A small set of shapes that batches are padded to, for models compiled anew for each shape. Pure."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

_ROWS = (1, 2, 4, 8, 16, 32)
_SHORTEST = 16


@dataclass(frozen=True)
class Buckets:
    """Batch shapes.

    Attributes:
        rows: row counts, ascending.
        lengths: token counts of the longest row, ascending.
    """

    rows: tuple[int, ...]
    lengths: tuple[int, ...]

    @classmethod
    def up_to(cls, longest: int) -> "Buckets":
        """Powers of two, so that padding at most doubles each dimension."""
        lengths = [_SHORTEST]
        while lengths[-1] < longest:
            lengths.append(lengths[-1] * 2)
        return cls(_ROWS, (*lengths[:-1], longest))

    @property
    def most_rows(self) -> int:
        """Row count of the largest shape."""
        return self.rows[-1]

    def around(self, rows: int, length: int) -> tuple[int, int]:
        """The smallest shape that holds a batch; a length beyond the longest is kept."""
        place = bisect_left(self.lengths, length)
        fitting = self.lengths[place] if place < len(self.lengths) else length
        return self.rows[bisect_left(self.rows, rows)], fitting

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """All shapes, largest first: code compiled for it often serves the others."""
        return iter(sorted(product(self.rows, self.lengths), reverse=True))
