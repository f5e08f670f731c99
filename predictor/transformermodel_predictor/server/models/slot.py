"""One version of a model in its place: being loaded, ready, failed, or unloaded by request."""

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
    """Where a model is on its way."""

    Loading = "Loading"
    Ready = "Ready"
    Failed = "Failed"
    Unloading = "Unloading"
    Unloaded = "Unloaded"


_LEFT = (ModelState.Unloading, ModelState.Unloaded)
"""Somebody wanted it so: the server is as ready without these models."""


@dataclass(frozen=True)
class IndexEntry:
    """A model as the repository's index has it; version and reason are empty where there is none."""

    name: str
    version: str
    state: ModelState
    reason: str


class ModelSlot:
    """The place of one version of a model. Used from one event loop.

    Args:
        name: the model's name.
        loader: makes it answer.
        tell: called when its state has changed.
        version: its version where that is known before it is loaded.
        url: what it is made from, as TorchServe's management API tells it.
        at_start: whether the server began with it.
        may_fail: whether the server can do without it, if there are others.
    """

    def __init__(
        self,
        name: str,
        loader: Loader,
        tell: Callable[[], None],
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
        self._tell = tell
        self._problem = "is being loaded"
        self._served: Served | None = None
        self._change: asyncio.Task[None] | None = None
        self._users = 0
        self._unused = asyncio.Event()

    @property
    def version(self) -> str:
        """The model's version; empty where it is not known yet."""
        return self._version or (self._served.metadata.version if self._served else "")

    @property
    def entry(self) -> IndexEntry:
        """What the index says of it."""
        return IndexEntry(self.name, self.version, self.state, "" if self.state is ModelState.Ready else self._problem)

    @property
    def served(self) -> Served:
        """What answers.

        Raises:
            ModelNotReady: it is not loaded.
        """
        if self._served is None or self.state is not ModelState.Ready:
            raise ModelNotReady(f"model {self.name!r} {self._problem}")
        return self._served

    @property
    def as_wanted(self) -> bool:
        """Whether it is ready, or somebody wants it otherwise."""
        if self.state is not ModelState.Ready or self._served is None:
            return self.state in _LEFT
        return not runs_handler(self._served) or not self._served.settings.min_workers or self._has_worker()

    def require_ready(self) -> None:
        """Pass if it answers now.

        Raises:
            ModelNotReady: it is not loaded, or none of its workers is ready.
        """
        if runs_handler(self.served) and not self._has_worker():
            raise ModelNotReady(f"model {self.name!r} has no worker that is ready")

    def use(self) -> AbstractContextManager[Served]:
        """What answers, which is not unloaded before the context ends; raises as `served`."""
        return _Use(self)

    def begin_use(self) -> Served:
        """What answers, which is not unloaded before `end_use`; raises as `served`."""
        served = self.served
        self._users += 1
        return served

    def end_use(self) -> None:
        """One user less."""
        self._users -= 1
        if not self._users:
            self._unused.set()

    async def load(self) -> None:
        """Load it, unless it is loaded; calls at the same time share one loading.

        Raises:
            Exception: whatever the loader raises.
        """
        while self.state is ModelState.Unloading and self._change:
            await asyncio.shield(self._change)
        if self.state is not ModelState.Ready:
            await self._changing(self._load)

    async def unload(self) -> None:
        """Take it away: nothing new reaches it, what it has begun it finishes, then its memory is freed.

        Raises:
            ModelNotReady: it is being loaded.
        """
        if self.state is ModelState.Loading:
            raise ModelNotReady(f"model {self.name!r} is being loaded; unload it when it is ready")
        if self.state is not ModelState.Unloaded:
            await self._changing(self._unload)

    async def leave(self) -> None:
        """Unload it for good; where it is being loaded now, give that up."""
        await self._give_up_loading()
        if self.state is not ModelState.Unloaded:
            await self._changing(self._unload)

    async def close(self) -> None:
        """End the workers of a handler, whoever asks it still, also of one that is being loaded."""
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
        """Do it in a task of its own, which goes on when a caller goes; join the one that is under way.

        Raises:
            ModelNotReady: it was given up, because the model leaves.
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
        self._tell()


class _Use:
    """Somebody uses a model while this context lasts."""

    __slots__ = ("_slot",)

    def __init__(self, slot: ModelSlot) -> None:
        self._slot = slot

    def __enter__(self) -> Served:
        return self._slot.begin_use()

    def __exit__(self, *_: object) -> None:
        self._slot.end_use()


def _is_cancelled() -> bool:
    """Whether it is the caller that is cancelled."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
