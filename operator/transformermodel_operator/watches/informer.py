"""Lists and watches one kind and keeps a store up to date."""

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from transformermodel_operator.backoff import Jitter, delay_after
from transformermodel_operator.client import ApiError
from transformermodel_operator.objects import Document, Key, Kind, key_of, resource_version
from transformermodel_operator.watches.store import Store

_FIRST_DELAY, _LONGEST_DELAY = 1.0, 30.0
_KIND_MISSING_DELAY = 15.0

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Where objects are listed and watched: `client.Api`."""

    async def hand_over(
        self, kind: Kind, namespace: str | None, selector: str | None, take: Callable[[Document], None]
    ) -> int:
        """As `Api.hand_over`."""
        ...

    def watch(
        self, kind: Kind, namespace: str | None, selector: str | None, version: int
    ) -> AsyncIterator[tuple[str, Document]]:
        """As `Api.watch`."""
        ...


class Informer:
    """Lists and watches the objects of one kind, for ever.

    A broken watch resumes where it was; only if the API server's history is too short for that (410), everything is
    listed again, and what is not in the list is gone.

    Args:
        source: the API server.
        kind: what is watched. It may be unknown to the API server; then it is asked again from time to time.
        namespace: where; None for everywhere.
        selector: labels of what is watched; None for all.
        store: what is kept up to date.
        availability_changed: called when the kind has become known or unknown.
        sleep: waits so many seconds.
        jitter: spreads the attempts at a server that fails.
        clock: seconds of a clock that never goes back.
    """

    def __init__(
        self,
        source: Source,
        kind: Kind,
        namespace: str | None,
        selector: str | None,
        store: Store,
        availability_changed: Callable[[], None] = lambda: None,
        *,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
        jitter: Jitter = random.random,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._source = source
        self.kind = kind
        self.namespace = namespace
        self._selector = selector
        self._store = store
        self._availability_changed = availability_changed
        self._sleep = sleep
        self._jitter = jitter
        self._clock = clock
        self._version: int | None = None
        self._failures = 0
        self._last_activity = clock()
        self.available = True
        self.synced = asyncio.Event()

    @property
    def name(self) -> str:
        """What it does, for people."""
        return f"the watch of {self.kind.plural} in {self.namespace or 'all namespaces'}"

    @property
    def quiet_for(self) -> float:
        """Seconds since the last sign of life: an event, a bookmark, a list, or a failure that is waited out."""
        return self._clock() - self._last_activity

    async def run(self) -> None:
        """Keep the store up to date until cancelled."""
        while True:
            try:
                if self._version is None:
                    self._version = await self._list()
                await self._follow(self._version)
            except ApiError as error:
                await self._sleep(self._pause_after(error))
            self._stir()

    async def _list(self) -> int:
        listed: set[Key] = set()

        def take(document: Document) -> None:
            listed.add(key_of(document))
            self._store.put(document)

        version = await self._source.hand_over(self.kind, self.namespace, self._selector, take)
        self._store.retain(listed, self.namespace, version)
        self._set_available(True)
        self._stir()
        return version

    async def _follow(self, version: int) -> None:
        """Follow one watch to its end, recording where to resume."""
        heard = False
        async for kind, document in self._source.watch(self.kind, self.namespace, self._selector, version):
            heard = True
            self._version, self._failures = resource_version(document), 0
            self._stir()
            if kind == "DELETED":
                self._store.remove(document)
            elif kind != "BOOKMARK":
                self._store.put(document)
        if not heard:
            await self._sleep(_FIRST_DELAY)

    def _pause_after(self, error: ApiError) -> float:
        """Note what has failed; returns the seconds to wait."""
        if error.status == 410:
            self._version = None  # too old to go on from: list again, at once unless that has just been in vain
            before, self._failures = self._failures, self._failures + 1
            return delay_after(before, _FIRST_DELAY, _LONGEST_DELAY, jitter=self._jitter) if before else 0.0
        if error.status == 404:
            self._version = None
            self._store.clear(self.namespace)
            self._set_available(False)
            return _KIND_MISSING_DELAY
        delay = delay_after(self._failures, _FIRST_DELAY, _LONGEST_DELAY, error.retry_after, self._jitter)
        self._failures += 1
        _log.warning("%s; again in %.0f s", error, delay)
        return delay

    def _stir(self) -> None:
        self._last_activity = self._clock()

    def _set_available(self, available: bool) -> None:
        changed, self.available = self.available is not available, available
        self.synced.set()
        if changed:
            _log.info("%s are %s in this cluster", self.kind.plural, "known" if available else "not known")
            self._availability_changed()
