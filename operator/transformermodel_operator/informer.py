"""Watches the children of models and keeps a store up to date."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from transformermodel_operator.children.identity import FIELD_MANAGER
from transformermodel_operator.client import ApiError
from transformermodel_operator.objects import MODEL_LABEL, Document, Kind, resource_version
from transformermodel_operator.store import Store

_FIRST_DELAY, _LONGEST_DELAY = 1.0, 30.0
_KIND_MISSING_DELAY = 15.0

_log = logging.getLogger(__name__)


class Source(Protocol):
    """Where objects are listed and watched: `client.Api`."""

    async def list(self, kind: Kind, namespace: str | None, selector: str | None) -> tuple[list[Document], int]:
        """As `Api.list`."""
        ...

    def watch(
        self, kind: Kind, namespace: str | None, selector: str | None, version: int
    ) -> AsyncIterator[tuple[str, Document]]:
        """As `Api.watch`."""
        ...


class Informer:
    """Lists and watches the objects of one kind that carry the label of a model, for ever.

    Args:
        source: the API server.
        kind: what is watched. It may be unknown to the API server; then it is asked again from time to time.
        namespace: where; None for everywhere.
        store: what is kept up to date.
        availability_changed: called when the kind has become known or unknown.
        sleep: waits so many seconds.
    """

    def __init__(
        self,
        source: Source,
        kind: Kind,
        namespace: str | None,
        store: Store,
        availability_changed: Callable[[], None] = lambda: None,
        sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    ) -> None:
        self._source = source
        self.kind = kind
        self._namespace = namespace
        self._store = store
        self._availability_changed = availability_changed
        self._sleep = sleep
        self._delay = _FIRST_DELAY
        self.available = True
        self.synced = asyncio.Event()

    async def run(self) -> None:
        """Keep the store up to date until cancelled."""
        while True:
            try:
                version = await self._list()
                while True:
                    version = await self._follow(version)
            except ApiError as error:
                await self._sleep(self._pause_after(error))

    async def _list(self) -> int:
        documents, version = await self._source.list(self.kind, self._namespace, MODEL_LABEL)
        self._store.replace(map(_without_strangers, documents), self._namespace, version)
        self._set_available(True)
        return version

    async def _follow(self, version: int) -> int:
        """Follow one watch to its end; returns the version to go on from."""
        heard = False
        async for kind, document in self._source.watch(self.kind, self._namespace, MODEL_LABEL, version):
            heard, version = True, resource_version(document)
            self._delay = _FIRST_DELAY
            if kind == "DELETED":
                self._store.remove(document)
            elif kind != "BOOKMARK":
                self._store.put(_without_strangers(document))
        if not heard:
            await self._sleep(_FIRST_DELAY)
        return version

    def _pause_after(self, error: ApiError) -> float:
        if error.status == 410:
            return 0.0  # too old to go on from: list again
        if error.status == 404:
            self._store.replace((), self._namespace, 0)
            self._set_available(False)
            return _KIND_MISSING_DELAY
        _log.warning("%s; lists again in %.0f s", error, self._delay)
        delay, self._delay = self._delay, min(2 * self._delay, _LONGEST_DELAY)
        return delay

    def _set_available(self, available: bool) -> None:
        changed, self.available = self.available is not available, available
        self.synced.set()
        if changed:
            _log.info("%s are %s in this cluster", self.kind.plural, "known" if available else "not known")
            self._availability_changed()


def _without_strangers(document: Document) -> Document:
    """The document without other managers' field lists, which nobody reads and which are long."""
    metadata = document["metadata"]
    ours = [entry for entry in metadata.get("managedFields") or () if entry.get("manager") == FIELD_MANAGER]
    return {**document, "metadata": {**metadata, "managedFields": ours}}
