"""The work that waits: each model at most once, and never in two hands."""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Generic, Protocol, TypeVar

from transformermodel_api.errors import TransformerModelError

Item = TypeVar("Item")

FIRST_DELAY, LONGEST_DELAY = 0.5, 300.0
"""Seconds before the second attempt at a failed item, doubled for each further one, and their limit."""

_log = logging.getLogger(__name__)


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


class WorkQueue(Generic[Item]):
    """A queue of distinct items.

    An item that is added while it waits is not added again; one that is added while it is worked on is worked on again
    afterwards. Items that are to come back later come back early when they are added.
    """

    def __init__(self, clockwork: Clockwork) -> None:
        self._clockwork = clockwork
        self._waiting: dict[Item, None] = {}
        self._working: set[Item] = set()
        self._again: set[Item] = set()
        self._timers: dict[Item, Timer] = {}
        self._failures: Counter[Item] = Counter()
        self._available = asyncio.Event()

    def add(self, item: Item) -> None:
        """The item has to be worked on."""
        if item in self._working:
            self._again.add(item)
        else:
            self._waiting[item] = None
            self._available.set()

    def add_later(self, item: Item, seconds: float) -> None:
        """The item has to be worked on in some time; replaces what was arranged for it before."""
        self._cancel_timer(item)
        self._timers[item] = self._clockwork.call_later(seconds, self._due, item)

    async def take(self) -> Item:
        """The next item, which is now worked on; waits for one."""
        while not self._waiting:
            self._available.clear()
            await self._available.wait()
        item = next(iter(self._waiting))
        del self._waiting[item]
        self._working.add(item)
        self._cancel_timer(item)
        return item

    def done(self, item: Item) -> None:
        """The item is no longer worked on."""
        self._working.discard(item)
        if item in self._again:
            self._again.discard(item)
            self.add(item)

    def succeeded(self, item: Item) -> None:
        """Forget the item's failures."""
        self._failures.pop(item, None)

    def failed(self, item: Item) -> float:
        """The item comes back after a delay that grows with its failures; returns it, in seconds."""
        delay = min(FIRST_DELAY * 2.0 ** min(self._failures[item], 32), LONGEST_DELAY)
        self._failures[item] += 1
        self.add_later(item, delay)
        return delay

    def _due(self, item: Item) -> None:
        self._timers.pop(item, None)
        self.add(item)

    def _cancel_timer(self, item: Item) -> None:
        timer = self._timers.pop(item, None)
        if timer is not None:
            timer.cancel()


async def work(queue: WorkQueue[Item], reconcile: Callable[[Item], Awaitable[float | None]]) -> None:
    """Take items and reconcile them, for ever.

    Args:
        queue: where the items come from.
        reconcile: works on an item; returns the seconds after which it wants to see it again, or None.
    """
    while True:
        item = await queue.take()
        try:
            again = await reconcile(item)
        except asyncio.CancelledError:
            queue.add(item)  # whoever works next has to finish it
            raise
        except Exception as error:  # noqa: BLE001 - one item must not end the work on all others
            delay = queue.failed(item)
            expected = isinstance(error, TransformerModelError)
            _log.warning("%s: %s; again in %.1f s", item, error, delay, exc_info=None if expected else error)
        else:
            queue.succeeded(item)
            if again is not None:
                queue.add_later(item, again)
        finally:
            queue.done(item)
