"""Where each sequence of a batch lies in the one packed row. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, chain

import torch

from transformermodel_predictor.engines.packed.runs import Run, runs_of


@dataclass(frozen=True)
class Layout:
    """The sequences of a batch, sorted by length, in one row.

    Attributes:
        order: for each place in the row, the position in the batch of the sequence that lies there.
        lengths: tokens of each sequence, in the order of the row; none is 0.
    """

    order: tuple[int, ...]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, lengths: Sequence[int]) -> "Layout":
        """The layout of sequences with these lengths, in the order of the batch."""
        order = sorted(range(len(lengths)), key=lengths.__getitem__)
        return cls(tuple(order), tuple(lengths[index] for index in order))

    @property
    def total(self) -> int:
        """Tokens of the row."""
        return sum(self.lengths)

    @property
    def longest(self) -> int:
        """Tokens of the longest sequence."""
        return self.lengths[-1]

    @cached_property
    def starts(self) -> tuple[int, ...]:
        """First token of each sequence in the row, and the row's total."""
        return tuple(accumulate(self.lengths, initial=0))

    def runs(self, multiple: int) -> tuple[Run, ...]:
        """The row as runs that attention takes together; short ones padded to a multiple of a number of tokens."""
        return runs_of(self.lengths, multiple)

    def pack(self, values: Sequence[Sequence[int]]) -> torch.Tensor:
        """Values per token of each sequence, in the order of the batch, as int64 [1, total]."""
        return torch.tensor([list(chain.from_iterable(values[index] for index in self.order))])

    def positions(self, first: int) -> torch.Tensor:
        """Position ids that start again at `first` with each sequence, int64 [1, total]."""
        return torch.tensor([list(chain.from_iterable(range(first, first + length) for length in self.lengths))])

    def boundaries(self, device: torch.device) -> torch.Tensor:
        """First token of each sequence and the total, int32 [sequences + 1]: what varlen kernels call cu_seqlens."""
        return torch.tensor(self.starts, dtype=torch.int32, device=device)

    def first_rows(self, hidden: torch.Tensor) -> torch.Tensor:
        """The first token of each sequence: [1, total, width] to [sequences, 1, width], in the order of the row."""
        return hidden[0, torch.tensor(self.starts[:-1], device=hidden.device)].unsqueeze(1)

    def padded(self, hidden: torch.Tensor) -> torch.Tensor:
        """All tokens: [1, total, width] to [sequences, longest, width], zeros on the right, in the order of the row."""
        return torch.nn.utils.rnn.pad_sequence(list(torch.split(hidden[0], list(self.lengths))), batch_first=True)

    def mask(self, device: torch.device) -> torch.Tensor:
        """Which tokens of `padded` are text: int64 [sequences, longest]."""
        lengths = torch.tensor(self.lengths, device=device)
        return (torch.arange(self.longest, device=device) < lengths.unsqueeze(1)).long()

    def split(self, tokens: torch.Tensor) -> list[torch.Tensor]:
        """Rows per token, [1, total, ...], as [length, ...] per sequence, in the order of the batch."""
        return self.restored(torch.split(tokens[0], list(self.lengths)))

    def restored(self, rows: Sequence[torch.Tensor]) -> list[torch.Tensor]:
        """One tensor per sequence, in the order of the row, in the order of the batch."""
        places = sorted(range(len(self.order)), key=self.order.__getitem__)
        return [rows[place] for place in places]
