"""Coalitions: subsets of a fixed number of players, as bit masks. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from random import Random

import torch

Coalition = int
"""Bit i is set where player i is present. An int rather than a set: thousands are kept."""


def grand_coalition(players: int) -> Coalition:
    """The coalition of all players."""
    return (1 << players) - 1


def coalition_of(present: Iterable[int]) -> Coalition:
    """The coalition of the players with these indices, from 0."""
    return sum(1 << player for player in set(present))


def contains(coalition: Coalition, player: int) -> bool:
    """Whether a player is present."""
    return bool(coalition >> player & 1)


def coalitions_of_size(players: int, size: int) -> Iterator[Coalition]:
    """Every coalition of `size` out of `players` players."""
    return (coalition_of(present) for present in combinations(range(players), size))


def random_coalition(players: int, size: int, random: Random) -> Coalition:
    """A coalition of `size` players, drawn uniformly."""
    return coalition_of(random.sample(range(players), size))


def indicators(coalitions: Sequence[Coalition], players: int) -> torch.Tensor:
    """Membership as numbers, 1 where a player is present and 0 elsewhere: float64 [coalitions, players]."""
    rows = [[contains(coalition, player) for player in range(players)] for coalition in coalitions]
    return torch.tensor(rows, dtype=torch.float64).reshape(len(coalitions), players)
