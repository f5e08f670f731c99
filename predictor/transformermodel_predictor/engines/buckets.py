"""A small set of shapes that batches are padded to, for models that are compiled for each shape they see. Pure."""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

_ROWS = (1, 2, 4, 8, 16, 32)
_SHORTEST = 16


@dataclass(frozen=True)
class Buckets:
    """Shapes of batches.

    Attributes:
        rows: numbers of rows, ascending.
        lengths: numbers of tokens of the longest row, ascending.
    """

    rows: tuple[int, ...]
    lengths: tuple[int, ...]

    @classmethod
    def up_to(cls, longest: int) -> "Buckets":
        """Powers of two: at most twice as much is computed as without buckets in each direction."""
        lengths = [_SHORTEST]
        while lengths[-1] < longest:
            lengths.append(lengths[-1] * 2)
        return cls(_ROWS, (*lengths[:-1], longest))

    @property
    def most_rows(self) -> int:
        """Rows of the largest shape."""
        return self.rows[-1]

    def around(self, rows: int, length: int) -> tuple[int, int]:
        """The smallest shape that holds a batch; a length beyond the longest stays as it is."""
        place = bisect_left(self.lengths, length)
        fitting = self.lengths[place] if place < len(self.lengths) else length
        return self.rows[bisect_left(self.rows, rows)], fitting

    def __iter__(self) -> Iterator[tuple[int, int]]:
        """Every shape, the largest first: what it compiles often serves the others."""
        return iter(sorted(product(self.rows, self.lengths), reverse=True))
