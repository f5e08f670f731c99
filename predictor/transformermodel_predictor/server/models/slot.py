"""The slot of one version of a model, which tracks its state and loads and unloads it."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum

from transformermodel_predictor.protocols.errors import ModelNotReady
from transformermodel_predictor.server.models.served import Loader, Served, runs_handler

_log = logging.getLogger(__name__)


class ModelState(StrEnum):
    """The states of a model."""

    Loading = "Loading"
    Ready = "Ready"
    Failed = "Failed"
    Unloading = "Unloading"
    Unloaded = "Unloaded"


_LEFT = (ModelState.Unloading, ModelState.Unloaded)
"""States entered by request, which do not affect the server's readiness."""


@dataclass(frozen=True)
class IndexEntry:
    """A model's entry in the repository index; version and reason are empty if there is none."""

    name: str
    version: str
    state: ModelState
    reason: str


class ModelSlot:
    """The slot of one version of a model. Used from one event loop.

    Args:
        name: the model's name.
        loader: loads the model.
        on_change: called when the state has changed.
        version: the model's version, if it is known before loading.
        url: the file it is loaded from, for TorchServe's management API.
        at_start: whether the server started with this model.
        may_fail: whether the server runs on if this model cannot be loaded, as long as another can.
    """

    def __init__(
        self,
        name: str,
        loader: Loader,
        on_change: Callable[[], None],
        version: str = "",
        url: str = "",
        *,
        at_start: bool = True,
        may_fail: bool = False,
    ) -> None:
        self.name = name
        self.url = url or name
        self.at_start = at_start
        self.may_fail = may_fail
        self.state = ModelState.Loading
        self._loader = loader
        self._version = version
        self._on_change = on_change
        self._problem = "is being loaded"
        self._served: Served | None = None
        self._change: asyncio.Task[None] | None = None
        self._users = 0
        self._unused = asyncio.Event()

    @property
    def version(self) -> str:
        """The model's version; empty while it is not known."""
        return self._version or (self._served.metadata.version if self._served else "")

    @property
    def entry(self) -> IndexEntry:
        """The entry in the repository index."""
        return IndexEntry(self.name, self.version, self.state, "" if self.state is ModelState.Ready else self._problem)

    @property
    def served(self) -> Served:
        """The loaded model.

        Raises:
            ModelNotReady: the model is not loaded.
        """
        if self._served is None or self.state is not ModelState.Ready:
            raise ModelNotReady(f"model {self.name!r} {self._problem}")
        return self._served

    @property
    def is_settled(self) -> bool:
        """Whether the model is in the state that was requested: ready, or unloaded."""
        if self.state is not ModelState.Ready or self._served is None:
            return self.state in _LEFT
        return not runs_handler(self._served) or not self._served.settings.min_workers or self._has_worker()

    def require_ready(self) -> None:
        """Check that the model can answer now.

        Raises:
            ModelNotReady: the model is not loaded, or none of its workers is ready.
        """
        if runs_handler(self.served) and not self._has_worker():
            raise ModelNotReady(f"model {self.name!r} has no worker that is ready")

    def use(self) -> AbstractContextManager[Served]:
        """The loaded model, which is not unloaded before the context ends; raises as `served`."""
        return _Use(self)

    def begin_use(self) -> Served:
        """The loaded model, which is not unloaded before `end_use`; raises as `served`."""
        served = self.served
        self._users += 1
        return served

    def end_use(self) -> None:
        """End a use that `begin_use` began."""
        self._users -= 1
        if not self._users:
            self._unused.set()

    async def load(self) -> None:
        """Load the model, unless it is loaded; concurrent calls share one load.

        Raises:
            Exception: whatever the loader raises.
        """
        while self.state is ModelState.Unloading and self._change:
            await asyncio.shield(self._change)
        if self.state is not ModelState.Ready:
            await self._changing(self._load)

    async def unload(self) -> None:
        """Unload the model: take no new requests, finish those in flight, and free the memory.

        Raises:
            ModelNotReady: the model is being loaded.
        """
        if self.state is ModelState.Loading:
            raise ModelNotReady(f"model {self.name!r} is being loaded; unload it when it is ready")
        if self.state is not ModelState.Unloaded:
            await self._changing(self._unload)

    async def leave(self) -> None:
        """Unload the model for good, cancelling a load that is under way."""
        await self._give_up_loading()
        if self.state is not ModelState.Unloaded:
            await self._changing(self._unload)

    async def close(self) -> None:
        """End a handler's workers at once, cancelling a load that is under way."""
        await self._give_up_loading()
        if self._served is not None and runs_handler(self._served):
            await self._served.close()

    async def _give_up_loading(self) -> None:
        if self.state is ModelState.Loading and self._change is not None:
            self._change.cancel()
            await asyncio.wait([self._change])

    def _has_worker(self) -> bool:
        return self._served is not None and runs_handler(self._served) and any(w.ready for w in self._served.workers)

    async def _changing(self, work: Callable[[], Awaitable[None]]) -> None:
        """Change the state in a separate task, which survives its callers; join a change that is under way.

        Raises:
            ModelNotReady: the change was cancelled, because the model is being removed.
        """

        async def change() -> None:
            try:
                await work()
            finally:
                self._change = None

        if self._change is None:
            self._change = asyncio.create_task(change())
        changing = self._change
        try:
            await asyncio.shield(changing)
        except asyncio.CancelledError:
            if changing.cancelled() and not _is_cancelled():
                raise ModelNotReady(f"model {self.name!r} is gone: it was not loaded to the end") from None
            raise

    async def _load(self) -> None:
        _log.info("loading model %s", self.name)
        self._set(ModelState.Loading, "is being loaded")
        try:
            self._served = await self._loader()
        except Exception as error:
            self._set(ModelState.Failed, f"could not be loaded: {error}")
            raise
        self._set(ModelState.Ready, "")

    async def _unload(self) -> None:
        self._set(ModelState.Unloading, "is being unloaded")
        while self._users:
            self._unused.clear()
            await self._unused.wait()
        if self._served is not None and runs_handler(self._served):
            await self._served.close()
        self._served = None
        self._set(ModelState.Unloaded, "has been unloaded; load it again to use it")
        await asyncio.to_thread(gc.collect)

    def _set(self, state: ModelState, problem: str) -> None:
        self.state, self._problem = state, problem
        self._on_change()


class _Use:
    """Keeps a model from being unloaded for as long as the context lasts."""

    __slots__ = ("_slot",)

    def __init__(self, slot: ModelSlot) -> None:
        self._slot = slot

    def __enter__(self) -> Served:
        return self._slot.begin_use()

    def __exit__(self, *_: object) -> None:
        self._slot.end_use()


def _is_cancelled() -> bool:
    """Whether the current task itself has been cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
