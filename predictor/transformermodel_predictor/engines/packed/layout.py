"""Where each sequence of a batch lies in the packed row. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain, repeat

import torch

from transformermodel_predictor.engines.packed.runs import Run, runs_of
from transformermodel_predictor.engines.tiles import rounded_up


@dataclass(frozen=True)
class Layout:
    """The sequences of a batch in one row, longest first, so that only the shortest has no neighbour after it.

    Attributes:
        order: for each place in the row, the batch index of the sequence that lies there.
        lengths: tokens of each sequence, in row order; none is 0.
        filling: tokens after the last sequence that belong to none.
    """

    order: tuple[int, ...]
    lengths: tuple[int, ...]
    filling: int = 0

    @classmethod
    def of(cls, lengths: Sequence[int], tile: int | None = None) -> "Layout":
        """The layout of sequences with these lengths, in batch order; with a tile, the row is filled to whole tiles."""
        order = sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True)
        total = sum(lengths)
        filling = 0 if tile is None else rounded_up(total, tile) - total
        return cls(tuple(order), tuple(lengths[index] for index in order), filling)

    @property
    def total(self) -> int:
        """Tokens of the row."""
        return sum(self.lengths) + self.filling

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence."""
        return self.lengths[0]

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First token of each sequence in the row, and the one after the last."""
        return tuple(accumulate(self.lengths, initial=0))

    @property
    def runs(self) -> tuple[Run, ...]:
        """The row as runs, each of which attention computes at once."""
        return runs_of(self.lengths)

    def run_table(self) -> torch.Tensor:
        """The runs as int64 [runs, 3]: start, length and count of each."""
        return torch.tensor([(run.start, run.length, run.count) for run in self.runs])

    def pack(self, values: Sequence[Sequence[int]]) -> torch.Tensor:
        """Pack the values per token of each sequence, given in batch order, as int64 [1, total].

        The filling repeats a token of the row's last sequence, so that only tokens of the batch are computed.
        """
        tokens = chain.from_iterable(values[index] for index in self.order)
        return torch.tensor([[*tokens, *repeat(values[self.order[-1]][0], self.filling)]])

    def positions(self, first: int) -> torch.Tensor:
        """Position ids that restart at `first` with each sequence, int64 [1, total]."""
        positions = chain.from_iterable(range(first, first + length) for length in self.lengths)
        return torch.tensor([[*positions, *repeat(first, self.filling)]])

    def boundaries(self, device: torch.device) -> torch.Tensor:
        """`starts` as int32 [sequences + 1]: what varlen kernels call cu_seqlens."""
        return torch.tensor(self.starts, dtype=torch.int32, device=device)

    def first_rows(self, hidden: torch.Tensor) -> torch.Tensor:
        """The first token of each sequence: [1, total, width] to [sequences, 1, width], in row order."""
        return hidden[0, torch.tensor(self.starts[:-1], device=hidden.device)].unsqueeze(1)

    def padded(self, hidden: torch.Tensor) -> torch.Tensor:
        """All tokens: [1, total, width] to [sequences, longest, width], zeros on the right, in row order."""
        return torch.nn.utils.rnn.pad_sequence(list(self._parts(hidden)), batch_first=True)

    def mask(self, device: torch.device) -> torch.Tensor:
        """Which tokens of `padded` are text: int64 [sequences, longest]."""
        lengths = torch.tensor(self.lengths, device=device)
        return (torch.arange(self.longest, device=device) < lengths.unsqueeze(1)).long()

    def split(self, tokens: torch.Tensor) -> list[torch.Tensor]:
        """Rows per token, [1, total, ...], as [length, ...] per sequence, in batch order."""
        return self.restored(self._parts(tokens))

    def restored(self, rows: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """Reorder tensors, one per sequence, from row order to batch order."""
        places = sorted(range(len(self.order)), key=self.order.__getitem__)
        return [rows[place] for place in places]

    def _parts(self, tokens: torch.Tensor) -> Sequence[torch.Tensor]:
        return torch.split(tokens[0], [*self.lengths, self.filling])[:-1]
