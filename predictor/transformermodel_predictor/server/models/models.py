"""The models of a server, by name and version."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
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
    """A loader that calls `make` in a thread of an executor."""

    def load() -> Awaitable[Served]:
        return asyncio.get_running_loop().run_in_executor(worker, make)

    return load


class Models:
    """The registry of models. Used from one event loop."""

    def __init__(self) -> None:
        self._changed = asyncio.Event()
        self._draining = False
        self._models: dict[str, Versions] = {}

    @property
    def draining(self) -> bool:
        """Whether the server is shutting down: no model is ready any more, but requests are still answered."""
        return self._draining

    def drain(self) -> None:
        """Report all models as not ready from now on."""
        self._draining = True
        self.notify()

    def notify(self) -> None:
        """Wake all callers of `changed`."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def changed(self) -> None:
        """Return after the next change of a model's or the server's state."""
        await self._changed.wait()

    @property
    def names(self) -> list[str]:
        """Names of all models, ready or not."""
        return list(self._models)

    @property
    def ready(self) -> bool:
        """Whether every model is ready, except those unloaded by request."""
        return not self._draining and all(slot.is_settled for slot in self._slots())

    @property
    def index(self) -> list[IndexEntry]:
        """All versions of all models with their states."""
        return [slot.entry for slot in self._slots()]

    def __contains__(self, name: str) -> bool:
        """Whether there is a model of this name, ready or not."""
        return name in self._models

    def state(self, name: str, version: str = "") -> ModelState:
        """The state of a model.

        Raises:
            UnknownModel, UnknownVersion: there is no such model or version.
        """
        return self.find(name).find(version).state

    def find(self, name: str) -> Versions:
        """The versions of a model.

        Raises:
            UnknownModel: there is no model of this name.
        """
        if name not in self._models:
            raise UnknownModel(name, tuple(self._models))
        return self._models[name]

    def served(self, name: str, version: str = "") -> Served:
        """The loaded model of a version; of the default if none is named.

        Raises:
            UnknownModel: there is no model of this name.
            UnknownVersion: the model has no such version.
            ModelNotReady: the model is not loaded.
        """
        return self.find(name).find(version).served

    def use(self, name: str, version: str = "") -> AbstractContextManager[Served]:
        """The loaded model, which is not unloaded before the context ends; raises as `served`."""
        return self.find(name).find(version).use()

    def require_ready(self, name: str, version: str = "") -> None:
        """Check that the model may get new clients.

        Raises:
            UnknownModel: there is no model of this name.
            UnknownVersion: the model has no such version.
            ModelNotReady: the model is not loaded, none of its workers is ready, or the server is shutting down.
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
        """Register a model, to be loaded later; the first version of a name becomes the default.

        Args:
            name: the model's name.
            loader: loads the model.
            version: the model's version, if it is known before loading.
            url: the file it is loaded from, for lists of models.
            at_start: whether the server starts with this model.
            may_fail: whether the server runs on if this model cannot be loaded, as long as another can.

        Raises:
            VersionTaken: the model has this version already.
        """
        slot = ModelSlot(name, loader, self.notify, version, url, at_start=at_start, may_fail=may_fail)
        if name in self._models:
            self._models[name].add(slot)
        else:
            self._models[name] = Versions(slot)
        self.notify()
        return slot

    async def remove(self, slot: ModelSlot) -> None:
        """Remove a version for good, once its requests in flight are answered.

        Raises:
            UnknownModel: the model has been removed already.
            DefaultVersion: the version is the default of several.
        """
        versions = self.find(slot.name)
        versions.require_removable(slot)
        await slot.leave()
        if slot in versions.slots:
            versions.slots.remove(slot)
        if not versions.slots:
            self._models.pop(slot.name, None)
        self.notify()

    async def load_all(self) -> None:
        """Load all models one after another, until one fails that may not.

        Failures that the server can do without are logged here; the caller reports the one that is raised.

        Raises:
            UserError: of several models that may fail, none could be loaded.
            Exception: the loader's error for a model that may not fail, or for the only one.
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
        """Load all versions of a model that are not loaded; concurrent calls share one load.

        Raises:
            UnknownModel: there is no model of this name.
            Exception: whatever the loader raises.
        """
        for slot in tuple(self.find(name).slots):
            await slot.load()

    async def unload(self, name: str) -> None:
        """Unload all versions of a model: they take no new requests, and finish those in flight.

        Raises:
            UnknownModel: there is no model of this name.
            ModelNotReady: a version is being loaded.
        """
        for slot in tuple(self.find(name).slots):
            await slot.unload()

    async def close(self) -> None:
        """End the workers of all handlers, at the end of the server."""
        await asyncio.gather(*(slot.close() for slot in self._slots()))

    def _slots(self) -> Sequence[ModelSlot]:
        return [slot for versions in self._models.values() for slot in versions.slots]
