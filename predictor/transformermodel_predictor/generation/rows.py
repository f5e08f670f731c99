"""The memory of a decoder: keys and values of sequences of different lengths, a row each.

Every sequence begins at the first column of its row: no padding on the left, so a sequence never moves when others come
or go. What lies behind its end is for attention masks to hide.
"""

from collections.abc import Sequence

import torch

_COLUMNS = 64
"""Rows grow by multiples of so many columns, so that they are seldom copied."""

States = Sequence[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of each layer, [rows, heads, columns, size]."""


class RowLayer:
    """Keys and values of one layer, [rows, heads, columns, size], with room for more than is in use.

    Args:
        keys: of which heads, size, dtype and device are taken; the content is not.
        values: likewise.
    """

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        self.keys, self.values = _empty(keys), _empty(values)

    def write(self, keys: torch.Tensor, values: torch.Tensor, columns: torch.Tensor) -> None:
        """Write the tokens [rows, heads, tokens, size] of the first rows, each to its own column [rows, tokens]."""
        write(self.keys, keys, columns)
        write(self.values, values, columns)

    def put(self, row: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Write a whole sequence [heads, columns, size] from the first column of a row."""
        self.grow(row + 1, keys.shape[1])
        self.keys[row, :, : keys.shape[1]] = keys
        self.values[row, :, : values.shape[1]] = values

    def grow(self, rows: int, columns: int) -> None:
        """Have room for so much, the content as it was."""
        self.keys = _grown(self.keys, rows, columns)
        self.values = _grown(self.values, rows, columns)

    def clear(self) -> None:
        """Give the memory back."""
        self.keys, self.values = _empty(self.keys), _empty(self.values)


class Rows:
    """The rows of all layers, and how long each is.

    Args:
        layers: without rows.
    """

    def __init__(self, layers: Sequence[RowLayer]) -> None:
        self.layers = tuple(layers)
        self.lengths: list[int] = []

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.lengths)

    @property
    def longest(self) -> int:
        """Tokens of the longest row."""
        return max(self.lengths, default=0)

    @property
    def columns(self) -> int:
        """How many positions there is memory for, per row."""
        return self.layers[0].keys.shape[2] if self.layers else 0

    def add(self, states: States, length: int) -> None:
        """Copy a sequence of a length from the first row of other states into a new last row."""
        for layer, (keys, values) in zip(self.layers, states, strict=True):
            layer.put(len(self), keys[0, :, :length], values[0, :, :length])
        self.lengths.append(length)

    def add_empty(self) -> None:
        """Begin a new last row."""
        for layer in self.layers:
            layer.grow(len(self) + 1, 0)
        self.lengths.append(0)

    def room_for(self, tokens: int) -> torch.Tensor:
        """Have room for further tokens in every row; the columns [rows, tokens] into which they belong."""
        for layer in self.layers:
            layer.grow(0, self.longest + tokens)
        device = self.layers[0].keys.device
        return torch.tensor(self.lengths, device=device)[:, None] + torch.arange(tokens, device=device)

    def lengthen(self, tokens: int) -> None:
        """Count tokens that have been written into every row."""
        self.lengths = [length + tokens for length in self.lengths]

    def held(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """What is in use of each layer, contiguous, in columns of which there is at least one, and some to spare."""
        rows, columns = len(self), min(self.columns, _rounded(max(self.longest, 1)))
        return [
            (layer.keys[:rows, :, :columns].contiguous(), layer.values[:rows, :, :columns].contiguous())
            for layer in self.layers
        ]

    def remove(self, row: int) -> None:
        """Drop a row; the last one takes its place. The last to leave takes the memory with it."""
        last = len(self) - 1
        if last == 0:
            self.clear()
            return
        if row != last:
            length = self.lengths[last]
            for layer in self.layers:
                layer.put(row, layer.keys[last, :, :length], layer.values[last, :, :length])
            self.lengths[row] = length
        self.lengths.pop()

    def clear(self) -> None:
        """Drop all rows and their memory."""
        self.lengths = []
        for layer in self.layers:
            layer.clear()


def write(held: torch.Tensor, states: torch.Tensor, columns: torch.Tensor) -> None:
    """Write further tokens of the first rows into what is held, in place.

    Args:
        held: [rows or more, heads, columns, size].
        states: of the tokens, [rows, heads, tokens, size].
        columns: where each belongs, int64 [rows, tokens].
    """
    rows = torch.arange(columns.shape[0], device=columns.device)[:, None]
    held[rows, :, columns] = states.transpose(1, 2)


def _empty(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of the same heads and size, and without rows and columns."""
    return tensor.new_zeros(0, tensor.shape[1], 0, tensor.shape[3])


def _grown(tensor: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """A tensor [rows, heads, columns, size] with at least so many rows and columns, its content as it was."""
    if rows <= tensor.shape[0] and columns <= tensor.shape[2]:
        return tensor
    tall = tensor.shape[0] if rows <= tensor.shape[0] else max(rows, 2 * tensor.shape[0])
    wide = max(tensor.shape[2], _rounded(columns))
    grown = tensor.new_zeros(tall, tensor.shape[1], wide, tensor.shape[3])
    grown[: tensor.shape[0], :, : tensor.shape[2]] = tensor
    return grown


def _rounded(columns: int) -> int:
    return -(-columns // _COLUMNS) * _COLUMNS
