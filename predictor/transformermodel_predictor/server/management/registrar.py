"""Archives of the model store becoming models of the server, and leaving again."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path

from transformermodel_api.errors import PreparationFailed, TransformerModelError
from transformermodel_predictor.protocols.errors import UnusableArchive, VersionTaken
from transformermodel_predictor.server.handlers.archives import Archives
from transformermodel_predictor.server.management.parameters import Registration
from transformermodel_predictor.server.management.store_folder import archive_path
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.models.slot import ModelSlot
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.handler_options import HandlerOptions
from transformermodel_predictor.torchserve.reading.handler_file import require_handler
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

_WORKERS = ("minWorkers", "maxWorkers")
"""Keys of model-config.yaml that say how many workers there are to be."""


@dataclass(frozen=True)
class Registered:
    """A model that has its place, and is to be loaded."""

    slot: ModelSlot
    archived: ArchivedModel


class Registrar:
    """Registers archives and removes models.

    Args:
        models: the registry.
        archives: opens archives and starts workers.
        store: the folder of the archives; nothing can be registered without.
        installs_requirements: whether what archives require is installed.
    """

    def __init__(
        self, models: Models, archives: Archives, store: Path | None, installs_requirements: bool = False
    ) -> None:
        self._models = models
        self._archives = archives
        self._store = store
        self._defaults = WorkerSettings(use_requirements=installs_requirements)
        self._registered: dict[ModelSlot, ArchivedModel] = {}

    async def open(self, asked: Registration) -> Registered:
        """Open an archive and give it its place; it is not loaded yet.

        Raises:
            InvalidRequest: the url cannot be one of the store.
            UnknownArchive: the store has no such archive.
            UnusableArchive: it cannot be opened, or run with the handler that is asked for.
            VersionTaken: the model is there in this version.
        """
        path = archive_path(self._store, asked.url)
        try:
            options = HandlerOptions(self._defaults, asked.overrides)
            archived = await self._archives.open(path, asked.model_name, options)
        except TransformerModelError as error:
            raise _unusable(error, path, asked) from error
        try:
            archived = _as_asked(archived, asked)
            slot = self._models.add(
                archived.name,
                lambda: self._archives.start(archived),
                archived.manifest.model_version,
                url=asked.url,
                at_start=False,
            )
        except (UnusableArchive, VersionTaken):
            await asyncio.to_thread(self._archives.forget, archived)
            raise
        self._registered[slot] = archived
        return Registered(slot, archived)

    async def load(self, registered: Registered) -> None:
        """Start the workers; a model whose workers cannot be started is not registered after all.

        Raises:
            HandlerFailed: a worker could not be started.
        """
        try:
            await registered.slot.load()
        except Exception:
            await self.remove(registered.slot)
            raise

    async def remove(self, slot: ModelSlot) -> None:
        """Take a model away once it has answered what it has begun, and what was unpacked for it.

        Raises:
            DefaultVersion: it is the default of several versions.
        """
        await self._models.remove(slot)
        archived = self._registered.pop(slot, None)
        if archived is not None:
            await asyncio.to_thread(self._archives.forget, archived)


def _as_asked(archived: ArchivedModel, asked: Registration) -> ArchivedModel:
    """An archive with what the registration says in place of what it says itself."""
    configured = any(archived.configuration.get(key) for key in _WORKERS)
    changed = replace(archived, settings=asked.settings(archived.settings, configured=configured))
    if asked.handler is None:
        return changed
    try:
        named = f"is to be registered with handler={asked.handler!r}"
        require_handler(archived.directory, asked.handler, asked.url, named)
    except TransformerModelError as error:
        raise _unusable(error, archived.directory, asked) from error
    return replace(changed, manifest=replace(archived.manifest, handler=asked.handler))


def _unusable(error: TransformerModelError, path: Path, asked: Registration) -> UnusableArchive:
    """What the client is told: the archive as it calls it, and no folder of this machine."""
    told = error.message if isinstance(error, PreparationFailed) else str(error)
    return UnusableArchive(told.replace(str(path), asked.url))
