"""The work queue: holds each model at most once, and never hands it to two workers at a time."""

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
    """The queue is closed: no more items can be taken."""


class Timer(Protocol):
    """A scheduled call."""

    def cancel(self) -> None:
        """Cancel the call."""
        ...


class Scheduler(Protocol):
    """Schedules calls; asyncio's event loops do."""

    def call_later(self, delay: float, callback: Callable[[Item], None], item: Item, /) -> Timer:
        """Schedule a call in so many seconds."""
        ...


class Counts(Protocol):
    """Receives a queue's metrics; seconds are those of the queue's clock."""

    def added(self) -> None:
        """An item was queued."""
        ...

    def taken(self, waited: float) -> None:
        """Work on an item began."""
        ...

    def ended(self, worked: float) -> None:
        """Work on an item ended."""
        ...

    def retried(self) -> None:
        """An item will be retried after a failure."""
        ...


class NoOpCounts:
    """Receives metrics and does nothing."""

    def added(self) -> None:
        """Do nothing."""

    def taken(self, waited: float) -> None:
        """Do nothing."""

    def ended(self, worked: float) -> None:
        """Do nothing."""

    def retried(self) -> None:
        """Do nothing."""


class WorkQueue(Generic[Item]):
    """A queue of distinct items.

    Adding an item that is already waiting has no effect; an item added while it is being worked on is queued again
    afterwards. Adding an item that is scheduled for later queues it at once.

    Args:
        scheduler: schedules calls.
        counts: receives metrics; None for none.
        jitter: spreads the attempts at failed items.
        clock: seconds of a monotonic clock.
    """

    def __init__(
        self,
        scheduler: Scheduler,
        counts: Counts | None = None,
        jitter: Jitter = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scheduler = scheduler
        self._counts = counts or NoOpCounts()
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
        """Whether no item is waiting, being worked on, or to be retried."""
        return not (self._waiting or self._working or self._failures)

    def worked_on(self) -> Iterable[float]:
        """Seconds since work began, for each item being worked on."""
        now = self._clock()
        return tuple(now - since for since in self._working.values())

    def add(self, item: Item) -> None:
        """Queue an item."""
        if item in self._working:
            self._again.add(item)
        elif item not in self._waiting:
            self._waiting[item] = self._clock()
            self._counts.added()
            self._available.set()

    def add_later(self, item: Item, seconds: float) -> None:
        """Queue an item after a delay; replaces an earlier schedule."""
        self._cancel_timer(item)
        self._timers[item] = self._scheduler.call_later(seconds, self._due, item)

    async def take(self) -> Item:
        """Take the next item to work on; waits for one.

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
        """Queue a failed item again after a delay that grows with its failures; returns the delay.

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
        """Close the queue; waiting calls of `take` raise QueueClosed."""
        self._closed = True
        self._available.set()

    def _due(self, item: Item) -> None:
        self._timers.pop(item, None)
        self.add(item)

    def _cancel_timer(self, item: Item) -> None:
        timer = self._timers.pop(item, None)
        if timer is not None:
            timer.cancel()
