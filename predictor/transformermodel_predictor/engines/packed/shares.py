"""Which texts of a batch each core computes. Pure."""

from collections.abc import Sequence
from typing import TypeVar

_T = TypeVar("_T")

_FEWEST_TOKENS = 64
"""Of a share: the matrices of smaller ones are too small."""
_MOST_UNEVEN = 1.2
"""Of the largest share to an even one. Two threads that share every operation take as much longer than two alone."""

Share = tuple[int, ...]
"""Positions in the batch."""


def shares(lengths: Sequence[int], cores: int) -> list[Share]:
    """A batch in even shares for as many cores as it can keep busy; one share where all had better work on all of it.

    Args:
        lengths: tokens of each text.
        cores: at least 1.
    """
    total = sum(lengths)
    parts: list[list[int]] = [[] for _ in range(max(1, min(cores, total // _FEWEST_TOKENS)))]
    tokens = [0] * len(parts)
    for index in sorted(range(len(lengths)), key=lengths.__getitem__, reverse=True):
        smallest = tokens.index(min(tokens))
        parts[smallest].append(index)
        tokens[smallest] += lengths[index]
    if len(parts) == 1 or max(tokens) * cores > _MOST_UNEVEN * total:
        return [tuple(range(len(lengths)))]
    return [tuple(part) for part in parts]


def rejoined(parts: Sequence[Share], found: Sequence[Sequence[_T]]) -> list[_T]:
    """What was found for each text of each share, in the order of the batch."""
    of_text = {
        index: one for part, ones in zip(parts, found, strict=True) for index, one in zip(part, ones, strict=True)
    }
    return [of_text[index] for index in range(len(of_text))]
