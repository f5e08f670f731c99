"""Dividing the texts of a batch among the cores."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import TypeVar

from transformermodel_predictor.engines.cores import Cores

_Row = TypeVar("_Row")
_T = TypeVar("_T")

_FEWEST_TOKENS = 64
"""Per share: with fewer, its matrices are too small."""
_MOST_UNEVEN = 1.2
"""Ratio of the largest share to an even one: two threads that share every operation take this much longer."""

Share = tuple[int, ...]
"""Indices in the batch."""


def run_in_shares(
    batch: Sequence[_Row],
    lengths: Sequence[int],
    cores: Cores,
    run: Callable[[int, Sequence[_Row]], list[_T]],
    meanwhile: Callable[[], None] | None = None,
) -> list[_T]:
    """Compute each share of a batch on a core; if one share is best, the whole batch in the calling thread.

    Args:
        batch: the texts.
        lengths: tokens of each text.
        cores: compute the shares.
        run: takes the number of a share and its texts, and returns one result per text.
        meanwhile: as in `Cores.run`.

    Returns:
        The results in batch order.
    """
    parts = shares(lengths, cores.count)
    if len(parts) == 1:
        return run(0, batch)
    found = cores.run(
        [partial(run, number, [batch[index] for index in part]) for number, part in enumerate(parts)], meanwhile
    )
    return rejoined(parts, found)


def shares(lengths: Sequence[int], cores: int) -> list[Share]:
    """Divide a batch into even shares for as many cores as it keeps busy; one if all had better work on it. Pure.

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
    """Put the results of all shares into batch order. Pure."""
    of_text = {
        index: one for part, ones in zip(parts, found, strict=True) for index, one in zip(part, ones, strict=True)
    }
    return [of_text[index] for index in range(len(of_text))]
