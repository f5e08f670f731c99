"""The work that waits: each model at most once, and never in two hands."""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Generic, Protocol, TypeVar

from transformermodel_operator.backoff import Jitter, delay_after

Item = TypeVar("Item")

FIRST_DELAY, LONGEST_DELAY = 0.2, 300.0
"""Longest seconds before the second attempt at a failed item, doubled for each further one, and their limit."""


class QueueClosed(Exception):
    """Nothing is taken any more."""


class Timer(Protocol):
    """A call that has been arranged."""

    def cancel(self) -> None:
        """Do not call."""
        ...


class Clockwork(Protocol):
    """Something that calls later; asyncio's loops do."""

    def call_later(self, delay: float, callback: Callable[[Item], None], item: Item, /) -> Timer:
        """Arrange a call in so many seconds."""
        ...


class Counts(Protocol):
    """Who counts what a queue does; seconds are of the queue's clock."""

    def added(self) -> None:
        """An item began to wait."""
        ...

    def taken(self, waited: float) -> None:
        """An item is worked on."""
        ...

    def ended(self, worked: float) -> None:
        """An item is no longer worked on."""
        ...

    def retried(self) -> None:
        """An item comes back after a failure."""
        ...


class Uncounted:
    """Nobody counts."""

    def added(self) -> None:
        """Nothing."""

    def taken(self, waited: float) -> None:
        """Nothing."""

    def ended(self, worked: float) -> None:
        """Nothing."""

    def retried(self) -> None:
        """Nothing."""


class WorkQueue(Generic[Item]):
    """A queue of distinct items.

    An item that is added while it waits is not added again; one that is added while it is worked on is worked on again
    afterwards. Items that are to come back later come back early when they are added.

    Args:
        clockwork: what calls later.
        counts: who counts; None where nobody does.
        jitter: spreads the attempts at failed items.
        clock: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        clockwork: Clockwork,
        counts: Counts | None = None,
        jitter: Jitter = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clockwork = clockwork
        self._counts = counts or Uncounted()
        self._jitter = jitter
        self._clock = clock
        self._waiting: dict[Item, float] = {}
        self._working: dict[Item, float] = {}
        self._again: set[Item] = set()
        self._timers: dict[Item, Timer] = {}
        self._failures: Counter[Item] = Counter()
        self._available = asyncio.Event()
        self._closed = False

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def is_idle(self) -> bool:
        """Whether no item waits, is worked on, or comes back after a failure."""
        return not (self._waiting or self._working or self._failures)

    def worked_on(self) -> Iterable[float]:
        """How long each item that is worked on has been so, in seconds."""
        now = self._clock()
        return tuple(now - since for since in self._working.values())

    def add(self, item: Item) -> None:
        """The item has to be worked on."""
        if item in self._working:
            self._again.add(item)
        elif item not in self._waiting:
            self._waiting[item] = self._clock()
            self._counts.added()
            self._available.set()

    def add_later(self, item: Item, seconds: float) -> None:
        """The item has to be worked on in some time; replaces what was arranged for it before."""
        self._cancel_timer(item)
        self._timers[item] = self._clockwork.call_later(seconds, self._due, item)

    async def take(self) -> Item:
        """The next item, which is now worked on; waits for one.

        Raises:
            QueueClosed: the queue has been closed.
        """
        while not self._waiting or self._closed:
            if self._closed:
                raise QueueClosed
            self._available.clear()
            await self._available.wait()
        item = next(iter(self._waiting))
        self._working[item] = self._clock()
        self._counts.taken(self._working[item] - self._waiting.pop(item))
        self._cancel_timer(item)
        return item

    def done(self, item: Item) -> None:
        """The item is no longer worked on."""
        self._counts.ended(self._clock() - self._working.pop(item))
        if item in self._again:
            self._again.discard(item)
            self.add(item)

    def succeeded(self, item: Item) -> None:
        """Forget the item's failures."""
        self._failures.pop(item, None)

    def failed(self, item: Item, at_least: float = 0.0) -> float:
        """The item comes back after a delay that grows with its failures; returns it.

        Args:
            item: what failed.
            at_least: shortest delay, in seconds.
        """
        delay = delay_after(self._failures[item], FIRST_DELAY, LONGEST_DELAY, at_least, self._jitter)
        self._failures[item] += 1
        self._counts.retried()
        self.add_later(item, delay)
        return delay

    def close(self) -> None:
        """Nothing is taken any more; who waits for an item is told."""
        self._closed = True
        self._available.set()

    def _due(self, item: Item) -> None:
        self._timers.pop(item, None)
        self.add(item)

    def _cancel_timer(self, item: Item) -> None:
        timer = self._timers.pop(item, None)
        if timer is not None:
            timer.cancel()
