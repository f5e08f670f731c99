"""Registers archives of the model store as models of the server, and removes them."""

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
"""Keys of model-config.yaml that set the number of workers."""


@dataclass(frozen=True)
class Registered:
    """A registered model, which is not necessarily loaded yet."""

    slot: ModelSlot
    archived: ArchivedModel


class Registrar:
    """Registers archives and removes models.

    Args:
        models: the registry.
        archives: opens archives and starts workers.
        store: the folder of the archives; without one, nothing can be registered.
        installs_requirements: whether to install the archives' requirements.
    """

    def __init__(
        self, models: Models, archives: Archives, store: Path | None, installs_requirements: bool = False
    ) -> None:
        self._models = models
        self._archives = archives
        self._store = store
        self._defaults = WorkerSettings(use_requirements=installs_requirements)
        self._registered: dict[ModelSlot, ArchivedModel] = {}

    async def open(self, registration: Registration) -> Registered:
        """Open an archive and register it, without loading it.

        Raises:
            InvalidRequest: the url is not a name in the store, or there is no store.
            UnknownArchive: the store has no such archive.
            UnusableArchive: the archive cannot be opened, or does not have the requested handler.
            VersionTaken: the model is registered in this version already.
        """
        path = archive_path(self._store, registration.url)
        try:
            options = HandlerOptions(self._defaults, registration.overrides)
            archived = await self._archives.open(path, registration.model_name, options)
        except TransformerModelError as error:
            raise _unusable(error, path, registration) from error
        try:
            archived = _with_overrides(archived, registration)
            slot = self._models.add(
                archived.name,
                lambda: self._archives.start(archived),
                archived.manifest.model_version,
                url=registration.url,
                at_start=False,
            )
        except (UnusableArchive, VersionTaken):
            await asyncio.to_thread(self._archives.forget, archived)
            raise
        self._registered[slot] = archived
        return Registered(slot, archived)

    async def load(self, registered: Registered) -> None:
        """Start the workers; if that fails, remove the model again.

        Raises:
            HandlerFailed: a worker could not be started.
        """
        try:
            await registered.slot.load()
        except Exception:
            await self.remove(registered.slot)
            raise

    async def remove(self, slot: ModelSlot) -> None:
        """Remove a model, once its requests in flight are answered, and its unpacked files.

        Raises:
            DefaultVersion: the model is the default of several versions.
        """
        await self._models.remove(slot)
        archived = self._registered.pop(slot, None)
        if archived is not None:
            await asyncio.to_thread(self._archives.forget, archived)


def _with_overrides(archived: ArchivedModel, registration: Registration) -> ArchivedModel:
    """The archive with the registration's settings and handler in place of its own."""
    configured = any(archived.configuration.get(key) for key in _WORKERS)
    changed = replace(archived, settings=registration.apply_to(archived.settings, configured=configured))
    if registration.handler is None:
        return changed
    try:
        reason = f"is to be registered with handler={registration.handler!r}"
        require_handler(archived.directory, registration.handler, registration.url, reason)
    except TransformerModelError as error:
        raise _unusable(error, archived.directory, registration) from error
    return replace(changed, manifest=replace(archived.manifest, handler=registration.handler))


def _unusable(error: TransformerModelError, path: Path, registration: Registration) -> UnusableArchive:
    """The error for the client: with the archive's url instead of its path on this machine."""
    message = error.message if isinstance(error, PreparationFailed) else str(error)
    return UnusableArchive(message.replace(str(path), registration.url))
