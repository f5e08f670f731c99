"""Turns archives into models: opens them in a folder of the server's own, and starts their workers."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from transformermodel_predictor.server.models.served import Loader, Served
from transformermodel_predictor.torchserve.archived_model import ArchivedModel
from transformermodel_predictor.torchserve.handler_model import HandlerModel
from transformermodel_predictor.torchserve.handler_observer import HandlerObserver
from transformermodel_predictor.torchserve.handler_options import HandlerOptions
from transformermodel_predictor.torchserve.reading.commands import Commands
from transformermodel_predictor.torchserve.reading.served import open_served
from transformermodel_predictor.torchserve.workers.starting import start_handler_model


class Archives:
    """Opens archives and starts their workers.

    Args:
        observe: makes the observer of a model's workers, from the model's name.
        packages: folder that caches installed requirements; a temporary one when None.
    """

    def __init__(self, observe: Callable[[str], HandlerObserver], packages: Path | None = None) -> None:
        self._observe = observe
        self._packages = packages
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def loader(self, name: str, path: Path, options: HandlerOptions) -> Loader:
        """A loader that serves an archive under a name; the archive is unpacked at the first load."""
        opened: list[ArchivedModel] = []

        async def load() -> Served:
            if not opened:
                opened.append(await self.open(path, name, options))
            return await self.start(opened[0])

        return load

    async def open(self, path: Path, name: str | None, options: HandlerOptions) -> ArchivedModel:
        """Unpack an archive, read it, and install its requirements if that is allowed.

        If the call is cancelled, it ends the installation first, and removes all files.

        Raises:
            PreparationFailed, CorruptArtifact, UserError: as `open_served`.
        """
        own = self._own_folder()
        folder = Path(tempfile.mkdtemp(dir=own))
        cache = self._packages or own / "packages"
        commands = Commands()
        opening = asyncio.create_task(
            asyncio.to_thread(
                open_served, path, name, folder=folder / "archive", cache=cache, options=options, commands=commands
            )
        )
        try:
            return await asyncio.shield(opening)
        except BaseException:
            commands.end()
            await asyncio.gather(opening, return_exceptions=True)  # it still writes into the folder
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
            raise

    async def start(self, archived: ArchivedModel) -> HandlerModel:
        """Start the workers; return when the minimum number of them is ready.

        Raises:
            HandlerFailed: a worker could not be started.
        """
        return await start_handler_model(archived, self._observe(archived.name))

    def forget(self, archived: ArchivedModel) -> None:
        """Remove the unpacked files of a removed model; an archive that was served in place stays."""
        if self._folder is None:
            return
        own = Path(self._folder.name).resolve()
        inside = [parent for parent in archived.directory.resolve().parents if parent.parent == own]
        for folder in inside:
            shutil.rmtree(folder, ignore_errors=True)

    def close(self) -> None:
        """Remove all unpacked files."""
        if self._folder is not None:
            self._folder.cleanup()

    def _own_folder(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="transformermodel-archives-", ignore_cleanup_errors=True)
        return Path(self._folder.name)
