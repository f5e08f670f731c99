"""The models of a server, by name and version."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import AbstractContextManager

from transformermodel_api.errors import UserError
from transformermodel_predictor.handler import Handler
from transformermodel_predictor.protocols.errors import ModelNotReady, UnknownModel
from transformermodel_predictor.server.models.served import Loader, Served
from transformermodel_predictor.server.models.slot import IndexEntry, ModelSlot, ModelState
from transformermodel_predictor.server.models.versions import Versions

_log = logging.getLogger(__name__)

__all__ = ["IndexEntry", "ModelState", "Models", "in_thread"]


def in_thread(worker: Executor, make: Callable[[], Handler]) -> Loader:
    """Loads a model in a thread, in which those of one executor come one after another."""

    def load() -> Awaitable[Served]:
        return asyncio.get_running_loop().run_in_executor(worker, make)

    return load


class Models:
    """The registry of models. Used from one event loop.

    Args:
        loaders: what makes models answer, by their names: those that the server begins with.
    """

    def __init__(self, loaders: Mapping[str, Loader]) -> None:
        self._changed = asyncio.Event()
        self._draining = False
        self._models: dict[str, Versions] = {}
        for name, loader in loaders.items():
            self.add(name, loader)

    @property
    def draining(self) -> bool:
        """Whether the server goes: nothing is ready any more, though what comes is still answered."""
        return self._draining

    def drain(self) -> None:
        """Be ready no more."""
        self._draining = True
        self.tell()

    def tell(self) -> None:
        """Wake who waits for a change; those who come now wait for the next."""
        self._changed.set()
        self._changed = asyncio.Event()

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
        return not self._draining and all(slot.as_wanted for slot in self._slots())

    @property
    def index(self) -> list[IndexEntry]:
        """All versions of all models with their states."""
        return [slot.entry for slot in self._slots()]

    def __contains__(self, name: str) -> bool:
        """Whether there is a model of this name, ready or not."""
        return name in self._models

    def state(self, name: str, version: str = "") -> ModelState:
        """Where a model is on its way.

        Raises:
            UnknownModel, UnknownVersion: there is none.
        """
        return self.find(name).find(version).state

    def find(self, name: str) -> Versions:
        """The versions of a model.

        Raises:
            UnknownModel: there is none of this name.
        """
        if name not in self._models:
            raise UnknownModel(name, tuple(self._models))
        return self._models[name]

    def served(self, name: str, version: str = "") -> Served:
        """What answers for a model; in the version that is named, else in its default.

        Raises:
            UnknownModel: there is none of this name.
            UnknownVersion: it has no such version.
            ModelNotReady: it is not loaded.
        """
        slot = self.find(name).find(version)
        return slot.served

    def use(self, name: str, version: str = "") -> AbstractContextManager[Served]:
        """What answers for a model, which is not unloaded before the context ends; raises as `served`."""
        return self.find(name).find(version).use()

    def require_ready(self, name: str, version: str = "") -> None:
        """Pass if new clients may be sent to this model.

        Raises:
            UnknownModel: there is none of this name.
            UnknownVersion: it has no such version.
            ModelNotReady: it is not loaded, none of its workers is ready, or the server goes.
        """
        self.find(name).find(version).require_ready()
        if self._draining:
            raise ModelNotReady(f"model {name!r} is going: the server shuts down")

    def add(
        self,
        name: str,
        loader: Loader,
        version: str = "",
        url: str = "",
        *,
        at_start: bool = True,
        may_fail: bool = False,
    ) -> ModelSlot:
        """A model that is to be loaded; the first version of its name is the default.

        Args:
            name: the model's name.
            loader: makes it answer.
            version: its version where that is known already.
            url: what it is made from, for those who list models.
            at_start: whether the server begins with it.
            may_fail: whether the server can do without it, if there are others.

        Raises:
            VersionTaken: it is there already.
        """
        slot = ModelSlot(name, loader, self.tell, version, url, at_start=at_start, may_fail=may_fail)
        if name in self._models:
            self._models[name].add(slot)
        else:
            self._models[name] = Versions(slot)
        self.tell()
        return slot

    async def remove(self, slot: ModelSlot) -> None:
        """Take a version away for good, once it has answered what it has begun.

        Raises:
            UnknownModel: it is gone already.
            DefaultVersion: it is the default of several.
        """
        versions = self.find(slot.name)
        versions.require_removable(slot)
        await slot.leave()
        if slot in versions.slots:
            versions.slots.remove(slot)
        if not versions.slots:
            self._models.pop(slot.name, None)
        self.tell()

    async def load_all(self) -> None:
        """Load all models one after another; the first that fails, and may not, ends the loading.

        What is raised is left to the caller to tell; what the server does without is told here.

        Raises:
            UserError: of several models that may fail, none is ready.
            Exception: whatever the loader raises of one that may not, or of the only one.
        """
        failed = 0
        for slot in self._slots():
            try:
                await slot.load()
            except Exception as error:
                if not slot.may_fail or self._slots() == [slot]:
                    raise
                _log.error("model %s could not be loaded: %s", slot.name, error)
                failed += 1
        if failed and not any(slot.state is ModelState.Ready for slot in self._slots()):
            raise UserError(f"none of the {failed} models could be loaded; the lines above say why")

    async def load(self, name: str) -> None:
        """Load all versions of a model, unless they are loaded; calls at the same time share one loading.

        Raises:
            UnknownModel: there is none of this name.
            Exception: whatever the loader raises.
        """
        for slot in tuple(self.find(name).slots):
            await slot.load()

    async def unload(self, name: str) -> None:
        """Unload all versions of a model: nothing new reaches it, and what it has begun it finishes.

        Raises:
            UnknownModel: there is none of this name.
            ModelNotReady: it is being loaded.
        """
        for slot in tuple(self.find(name).slots):
            await slot.unload()

    async def close(self) -> None:
        """End the workers of all handlers, at the end of the server."""
        await asyncio.gather(*(slot.close() for slot in self._slots()))

    def _slots(self) -> Sequence[ModelSlot]:
        return [slot for versions in self._models.values() for slot in versions.slots]
