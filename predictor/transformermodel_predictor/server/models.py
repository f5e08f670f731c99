"""The models of a server: being loaded, ready, failed, or unloaded by request."""

import asyncio
import gc
import logging
from collections.abc import Awaitable, Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from transformermodel_predictor.handler import Handler
from transformermodel_predictor.protocols.errors import ModelNotReady, UnknownModel, UnknownVersion

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

Loader = Callable[[str, Path], Handler]
"""Makes a model answer, given its name and its directory; works in a thread of its own."""


@dataclass
class _Model:
    """A model's place in the registry; `change` is the task that loads or unloads it."""

    directory: Path
    state: ModelState = ModelState.Loading
    handler: Handler | None = None
    problem: str = "is being loaded"
    change: asyncio.Task[None] | None = None
    users: int = 0
    unused: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class IndexEntry:
    """A model as the repository's index has it; version and reason are empty where there is none."""

    name: str
    version: str
    state: ModelState
    reason: str


class Models:
    """The registry of models by name. Used from one event loop.

    Args:
        directories: the artifacts by the names of their models.
        loader: makes one answer.
        worker: the thread in which models are loaded, one after another.
    """

    def __init__(self, directories: Mapping[str, Path], loader: Loader, worker: Executor) -> None:
        self._models = {name: _Model(directory) for name, directory in directories.items()}
        self._loader = loader
        self._worker = worker
        self._draining = False
        self._changed = asyncio.Event()

    @property
    def draining(self) -> bool:
        """Whether the server goes: nothing is ready any more, though what comes is still answered."""
        return self._draining

    def drain(self) -> None:
        """Be ready no more."""
        self._draining = True
        self._tell()

    async def changed(self) -> None:
        """Return when a model's state has changed, or the server's."""
        await self._changed.wait()

    @property
    def names(self) -> list[str]:
        """The names of all models, ready or not."""
        return list(self._models)

    @property
    def ready(self) -> bool:
        """Whether every model is ready that nobody has unloaded."""
        wanted = [model.state for model in self._models.values() if model.state not in _LEFT]
        return not self._draining and all(state is ModelState.Ready for state in wanted)

    @property
    def index(self) -> list[IndexEntry]:
        """All models with their states."""
        return [
            IndexEntry(
                name,
                model.handler.metadata.version if model.handler else "",
                model.state,
                "" if model.state is ModelState.Ready else model.problem,
            )
            for name, model in self._models.items()
        ]

    def __contains__(self, name: str) -> bool:
        """Whether there is a model of this name, ready or not."""
        return name in self._models

    def state(self, name: str) -> ModelState:
        """Where a model is on its way.

        Raises:
            UnknownModel: there is none of this name.
        """
        return self._find(name).state

    def handler(self, name: str, version: str = "") -> Handler:
        """What answers for a model; its only version where one is named.

        Raises:
            UnknownModel: there is none of this name.
            UnknownVersion: it has another version.
            ModelNotReady: it is not loaded.
        """
        model = self._find(name)
        if model.handler is None or model.state is not ModelState.Ready:
            raise ModelNotReady(f"model {name!r} {model.problem}")
        there = model.handler.metadata.version
        if version and version != there:
            raise UnknownVersion(name, version, there)
        return model.handler

    @contextmanager
    def use(self, name: str, version: str = "") -> Iterator[Handler]:
        """What answers for a model, which is not unloaded before the context ends; raises as `handler`."""
        handler = self.handler(name, version)
        model = self._models[name]
        model.users += 1
        try:
            yield handler
        finally:
            model.users -= 1
            if not model.users:
                model.unused.set()

    def require_ready(self, name: str, version: str = "") -> None:
        """Pass if new clients may be sent to this model.

        Raises:
            UnknownModel: there is none of this name.
            UnknownVersion: it has another version.
            ModelNotReady: it is not loaded, or the server goes.
        """
        self.handler(name, version)
        if self._draining:
            raise ModelNotReady(f"model {name!r} is going: the server shuts down")

    async def load_all(self) -> None:
        """Load all models one after another; the first that fails is told and ends the loading.

        Raises:
            Exception: whatever the loader raises.
        """
        for name in self._models:
            await self.load(name)

    async def load(self, name: str) -> None:
        """Load a model from its directory, unless it is loaded; calls at the same time share one loading.

        Raises:
            UnknownModel: there is none of this name.
            Exception: whatever the loader raises.
        """
        model = self._find(name)
        while model.state is ModelState.Unloading and model.change:
            await asyncio.shield(model.change)
        if model.state is not ModelState.Ready:
            await self._change(model, lambda: self._load(name, model))

    async def unload(self, name: str) -> None:
        """Take a model away: nothing new reaches it, what it has begun it finishes, then its memory is freed.

        Raises:
            UnknownModel: there is none of this name.
            ModelNotReady: it is being loaded.
        """
        model = self._find(name)
        if model.state is ModelState.Loading:
            raise ModelNotReady(f"model {name!r} is being loaded; unload it when it is ready")
        if model.state is not ModelState.Unloaded:
            await self._change(model, lambda: self._unload(model))

    async def _change(self, model: _Model, work: Callable[[], Awaitable[None]]) -> None:
        """Do it in a task of its own, which goes on when a caller goes; join the one that is under way."""

        async def change() -> None:
            try:
                await work()
            finally:
                model.change = None

        if model.change is None:
            model.change = asyncio.create_task(change())
        await asyncio.shield(model.change)

    async def _load(self, name: str, model: _Model) -> None:
        _log.info("loading model %s from %s", name, model.directory)
        self._set(model, ModelState.Loading, "is being loaded")
        try:
            model.handler = await asyncio.get_running_loop().run_in_executor(
                self._worker, self._loader, name, model.directory
            )
        except Exception as error:
            self._set(model, ModelState.Failed, f"could not be loaded: {error}")
            raise
        self._set(model, ModelState.Ready, "")

    async def _unload(self, model: _Model) -> None:
        self._set(model, ModelState.Unloading, "is being unloaded")
        while model.users:
            model.unused.clear()
            await model.unused.wait()
        model.handler = None
        self._set(model, ModelState.Unloaded, "has been unloaded; load it again to use it")
        await asyncio.get_running_loop().run_in_executor(self._worker, gc.collect)

    def _set(self, model: _Model, state: ModelState, problem: str) -> None:
        model.state, model.problem = state, problem
        self._tell()

    def _tell(self) -> None:
        """Wake who waits for a change; those who come now wait for the next."""
        self._changed.set()
        self._changed = asyncio.Event()

    def _find(self, name: str) -> _Model:
        if name not in self._models:
            raise UnknownModel(name)
        return self._models[name]
