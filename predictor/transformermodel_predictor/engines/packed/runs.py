"""Neighbours in a packed row that attention takes together, as a small batch. Pure.

PyTorch's attention for CPUs computes the softmax of a row of scores in whole registers, and what is left over one by
one: 30 tokens in bfloat16 take more than twice as long as 32. So short sequences of about one length go together,
padded to whole registers. Long ones stay as they are: most of their scores fill registers anyway, and copying them
costs more than it saves.
"""

from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import accumulate, chain, groupby, repeat

import torch

_LONGEST_PADDED = 64
"""Tokens of the longest sequences that are padded; of longer ones, those of equal length go together."""


@dataclass(frozen=True)
class Run:
    """Neighbours of about one length.

    Attributes:
        start: first token of the run in the row.
        lengths: tokens of each sequence.
        length: tokens of each with padding; those of each where there is none.
    """

    start: int
    lengths: tuple[int, ...]
    length: int

    @property
    def stop(self) -> int:
        """The token after the run."""
        return self.start + sum(self.lengths)

    @property
    def padded(self) -> bool:
        """Whether a sequence is shorter than it is computed."""
        return any(length != self.length for length in self.lengths)

    @cached_property
    def tokens(self) -> torch.Tensor:
        """The run's token at each place of the batch, int64 [sequences * length]; in padding, the sequence's first."""
        starts = accumulate(self.lengths, initial=0)
        places = (
            chain(range(start, start + length), repeat(start, self.length - length))
            for start, length in zip(starts, self.lengths, strict=False)
        )
        return torch.tensor(list(chain.from_iterable(places)))

    @cached_property
    def places(self) -> torch.Tensor:
        """The place in the batch of each token of the run, int64 [stop - start]."""
        starts = range(0, len(self.lengths) * self.length, self.length)
        places = (range(start, start + length) for start, length in zip(starts, self.lengths, strict=True))
        return torch.tensor(list(chain.from_iterable(places)))

    @cached_property
    def visible(self) -> torch.Tensor:
        """Which places are text: bool [sequences, 1, 1, length]."""
        return (torch.arange(self.length) < torch.tensor(self.lengths).unsqueeze(1))[:, None, None]


@lru_cache(maxsize=8)  # every layer of a model asks again
def runs_of(lengths: tuple[int, ...], multiple: int) -> tuple[Run, ...]:
    """A row as runs.

    Args:
        lengths: of the row's sequences, ascending.
        multiple: the number of tokens to whose multiples short sequences are padded; 1 for no padding.
    """

    def padded(length: int) -> int:
        rounded = -(-length // multiple) * multiple
        return rounded if rounded <= _LONGEST_PADDED else length

    runs: list[Run] = []
    for length, group in groupby(lengths, padded):
        together = tuple(group)
        start = runs[-1].stop if runs else 0
        runs.append(Run(start, together, length if len(together) > 1 else together[0]))
    return tuple(runs)
