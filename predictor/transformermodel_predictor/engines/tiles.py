"""Rounding up token counts, so that few of them occur. Pure.

oneDNN compiles its linears for each number of rows it meets and keeps the code, and in between the allocator keeps a
hole for every size it met: with random lengths, a server's memory doubles within minutes, and now and then a step waits
for the compiler.
"""

from dataclasses import dataclass

import torch

_LEAST = 4
"""Few enough rows that a single short text costs no more."""
_TILES = {torch.bfloat16: 16, torch.float16: 16}
"""Rows of an AMX tile."""


def tile_of(dtype: torch.dtype) -> int:
    """Number of rows that oneDNN multiplies at once anyway."""
    return _TILES.get(dtype, _LEAST)


def rounded_up(total: int, tile: int) -> int:
    """Round a total up to the next that is used: whole tiles, and 16 totals from each power of two to the next.

    In rows of many tiles this computes at most 6 % more, and less than half of that on average. Each total costs oneDNN
    some 10 ms and 2 MiB for a model with linears of three shapes.

    Args:
        total: tokens of the sequences.
        tile: number of rows that are multiplied at once anyway; a power of two.
    """
    step = _step(total, tile)
    return -(-total // step) * step


def rounded_down(total: int, tile: int) -> int:
    """Round down to the next total that is used; 0 if there is none."""
    step = _step(total, tile)
    return total // step * step


def filled_up(length: int, tile: int, most: int | None) -> int:
    """Round a length up, but not beyond the most that a model takes; a length beyond that is kept."""
    filled = rounded_up(length, tile)
    return filled if most is None else max(length, min(filled, most))


def _step(total: int, tile: int) -> int:
    """Distance between the totals around a number."""
    return max(tile, 1 << max(total.bit_length() - 5, 0))


@dataclass(frozen=True)
class Tiles:
    """Shapes of padded batches whose lengths are rounded up.

    Attributes:
        tile: lengths are multiples of this.
        longest: most tokens per row that the model takes.
    """

    tile: int
    longest: int

    @property
    def most_rows(self) -> None:
        """No limit on the rows of a pass."""
        return

    def around(self, rows: int, length: int) -> tuple[int, int]:
        """The shape that a batch is padded to; a length beyond the longest is kept."""
        return rows, filled_up(length, self.tile, self.longest)
