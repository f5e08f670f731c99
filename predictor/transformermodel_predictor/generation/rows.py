"""The key/value cache of a decoder: sequences of different lengths, one per row.

Every sequence starts at the first column of its row, without left padding, so it never moves when others come or go.
Columns after its end are hidden by the attention mask.
"""

from collections.abc import Sequence

import torch

_COLUMNS = 64
"""Rows grow in multiples of this number of columns, so that they are seldom copied."""

States = Sequence[tuple[torch.Tensor, torch.Tensor]]
"""Keys and values of each layer, [rows, heads, columns, size]."""


class RowLayer:
    """Keys and values of one layer, [rows, heads, columns, size], allocated ahead of use.

    Args:
        keys: a tensor of the same heads, size, dtype and device; its content is not used.
        values: likewise.
    """

    def __init__(self, keys: torch.Tensor, values: torch.Tensor) -> None:
        self.keys, self.values = _empty(keys), _empty(values)

    def write(self, keys: torch.Tensor, values: torch.Tensor, columns: torch.Tensor) -> None:
        """Write tokens [rows, heads, tokens, size] into the first rows, at columns int64 [rows, tokens]."""
        write(self.keys, keys, columns)
        write(self.values, values, columns)

    def put(self, row: int, keys: torch.Tensor, values: torch.Tensor) -> None:
        """Write a sequence [heads, columns, size] into a row, from its first column."""
        self.grow(row + 1, keys.shape[1])
        self.keys[row, :, : keys.shape[1]] = keys
        self.values[row, :, : values.shape[1]] = values

    def grow(self, rows: int, columns: int) -> None:
        """Allocate at least this many rows and columns, keeping the content."""
        self.keys = _grown(self.keys, rows, columns)
        self.values = _grown(self.values, rows, columns)

    def clear(self) -> None:
        """Free the memory."""
        self.keys, self.values = _empty(self.keys), _empty(self.values)


class Rows:
    """The rows of all layers, with the length of each row.

    Args:
        layers: without rows.
    """

    def __init__(self, layers: Sequence[RowLayer]) -> None:
        self.layers = tuple(layers)
        self.lengths: list[int] = []

    def __len__(self) -> int:
        """Number of rows."""
        return len(self.lengths)

    @property
    def longest(self) -> int:
        """Length of the longest row, in tokens."""
        return max(self.lengths, default=0)

    @property
    def columns(self) -> int:
        """Positions allocated per row."""
        return self.layers[0].keys.shape[2] if self.layers else 0

    def add(self, states: States, length: int) -> None:
        """Copy a sequence of this length from the first row of `states` into a new last row."""
        for layer, (keys, values) in zip(self.layers, states, strict=True):
            layer.put(len(self), keys[0, :, :length], values[0, :, :length])
        self.lengths.append(length)

    def add_empty(self) -> None:
        """Add an empty last row."""
        for layer in self.layers:
            layer.grow(len(self) + 1, 0)
        self.lengths.append(0)

    def room_for(self, tokens: int) -> torch.Tensor:
        """Allocate space for new tokens in every row; returns their columns, int64 [rows, tokens]."""
        for layer in self.layers:
            layer.grow(0, self.longest + tokens)
        device = self.layers[0].keys.device
        return torch.tensor(self.lengths, device=device)[:, None] + torch.arange(tokens, device=device)

    def lengthen(self, tokens: int) -> None:
        """Count tokens that were written into every row."""
        self.lengths = [length + tokens for length in self.lengths]

    def held(self) -> list[tuple[torch.Tensor, torch.Tensor]]:
        """Contiguous keys and values of each layer: the rows in use, with the longest row's columns rounded up."""
        rows, columns = len(self), min(self.columns, _rounded(max(self.longest, 1)))
        return [
            (layer.keys[:rows, :, :columns].contiguous(), layer.values[:rows, :, :columns].contiguous())
            for layer in self.layers
        ]

    def remove(self, row: int) -> None:
        """Drop a row; the last one takes its place. Dropping the only row frees the memory."""
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
        """Drop all rows, and free their memory."""
        self.lengths = []
        for layer in self.layers:
            layer.clear()


def write(held: torch.Tensor, states: torch.Tensor, columns: torch.Tensor) -> None:
    """Write tokens into the first rows of cached keys or values, in place.

    Args:
        held: the cache, [rows or more, heads, columns, size].
        states: of the tokens, [rows, heads, tokens, size].
        columns: of the tokens, int64 [rows, tokens].
    """
    rows = torch.arange(columns.shape[0], device=columns.device)[:, None]
    held[rows, :, columns] = states.transpose(1, 2)


def _empty(tensor: torch.Tensor) -> torch.Tensor:
    """A tensor of the same heads and size, with 0 rows and 0 columns."""
    return tensor.new_zeros(0, tensor.shape[1], 0, tensor.shape[3])


def _grown(tensor: torch.Tensor, rows: int, columns: int) -> torch.Tensor:
    """The tensor [rows, heads, columns, size] enlarged to at least this many rows and columns, keeping its content."""
    if rows <= tensor.shape[0] and columns <= tensor.shape[2]:
        return tensor
    tall = tensor.shape[0] if rows <= tensor.shape[0] else max(rows, 2 * tensor.shape[0])
    wide = max(tensor.shape[2], _rounded(columns))
    grown = tensor.new_zeros(tall, tensor.shape[1], wide, tensor.shape[3])
    grown[: tensor.shape[0], :, : tensor.shape[2]] = tensor
    return grown


def _rounded(columns: int) -> int:
    return -(-columns // _COLUMNS) * _COLUMNS
