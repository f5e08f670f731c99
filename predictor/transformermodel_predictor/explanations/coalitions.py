"""Who of a number of players is present. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from random import Random

import torch

Coalition = int
"""A bit for each player, the first one's lowest: as small as a set can be, since thousands are kept."""


def everyone(players: int) -> Coalition:
    """All players."""
    return (1 << players) - 1


def of(present: Iterable[int]) -> Coalition:
    """The coalition of some players, given by their numbers from 0."""
    return sum(1 << player for player in set(present))


def has(coalition: Coalition, player: int) -> bool:
    """Whether a player is present."""
    return bool(coalition >> player & 1)


def of_size(players: int, size: int) -> Iterator[Coalition]:
    """Every coalition of so many of the players."""
    return (of(present) for present in combinations(range(players), size))


def drawn(players: int, size: int, random: Random) -> Coalition:
    """One of them, all equally likely."""
    return of(random.sample(range(players), size))


def indicators(coalitions: Sequence[Coalition], players: int) -> torch.Tensor:
    """1 where a player is present and 0 elsewhere: float64 [coalitions, players]."""
    rows = [[has(coalition, player) for player in range(players)] for coalition in coalitions]
    return torch.tensor(rows, dtype=torch.float64).reshape(len(coalitions), players)
