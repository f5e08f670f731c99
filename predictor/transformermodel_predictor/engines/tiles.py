"""How far rows are filled up, so that few lengths occur. Pure.

oneDNN compiles its linears for each number of rows that it meets and keeps what it compiled, and between that the
allocator keeps a hole for every size that it met: with random lengths a server's memory doubles within minutes, and a
step now and then waits for the compiler.
"""

from dataclasses import dataclass

import torch

_LEAST = 4
"""So few rows that a single short text costs no more."""
_TILES = {torch.bfloat16: 16, torch.float16: 16}
"""Rows of a tile of AMX."""


def tile_of(dtype: torch.dtype) -> int:
    """The number of rows that oneDNN multiplies at once anyway."""
    return _TILES.get(dtype, _LEAST)


def rounded_up(total: int, tile: int) -> int:
    """The next of the totals that rows are filled up to: 16 from each power of two to the next, of whole tiles.

    At most 6 % more is computed in rows of many tiles, and less than half of that on average. Each total costs oneDNN
    some 10 ms and 2 MiB for a model with linears of three shapes.

    Args:
        total: tokens of the sequences.
        tile: the number of rows that is multiplied at once anyway; a power of two.
    """
    step = _step(total, tile)
    return -(-total // step) * step


def rounded_down(total: int, tile: int) -> int:
    """The largest of those totals that is not beyond a number; 0 where all are."""
    step = _step(total, tile)
    return total // step * step


def filled_up(length: int, tile: int, most: int | None) -> int:
    """The next of those totals, but not beyond the most that a model takes; a length beyond it stays as it is."""
    filled = rounded_up(length, tile)
    return filled if most is None else max(length, min(filled, most))


def _step(total: int, tile: int) -> int:
    """How far the totals around a number are apart."""
    return max(tile, 1 << max(total.bit_length() - 5, 0))


@dataclass(frozen=True)
class Tiles:
    """Shapes of padded batches whose lengths are rounded up.

    Attributes:
        tile: lengths are whole tiles of so many tokens.
        longest: most tokens of a row that the model takes.
    """

    tile: int
    longest: int

    @property
    def most_rows(self) -> None:
        """Any number of rows goes together."""
        return

    def around(self, rows: int, length: int) -> tuple[int, int]:
        """The shape that a batch is filled up to; a length beyond the longest stays as it is."""
        return rows, filled_up(length, self.tile, self.longest)
