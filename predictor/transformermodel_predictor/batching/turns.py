"""Balances requests over the replicas of a model."""

import itertools
from collections.abc import Sequence
from typing import Generic, Protocol, TypeVar


class Admitting(Protocol):
    """A replica that counts its load."""

    @property
    def admitted(self) -> int:
        """Number of rows admitted: waiting or running."""
        ...


Replica = TypeVar("Replica", bound=Admitting)


class Turns(Generic[Replica]):
    """Replicas of one model, each on a device of its own. Used from one event loop.

    Args:
        replicas: at least one.
    """

    def __init__(self, replicas: Sequence[Replica]) -> None:
        self._replicas = tuple(replicas)
        self._first = itertools.cycle(range(len(self._replicas)))

    def next(self) -> Replica:
        """The least loaded replica; round robin among equals."""
        first = next(self._first)
        return min(self._replicas[first:] + self._replicas[:first], key=lambda replica: replica.admitted)
