"""The models of a server: being loaded, ready, or failed."""

import asyncio
import logging
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Executor
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from transformermodel_predictor.handler import GeneralizedHandler
from transformermodel_predictor.protocols.errors import ModelNotReady, UnknownModel

_log = logging.getLogger(__name__)


class ModelState(StrEnum):
    """Where a model is on its way."""

    Loading = "Loading"
    Ready = "Ready"
    Failed = "Failed"


@dataclass(frozen=True)
class _Model:
    state: ModelState = ModelState.Loading
    handler: GeneralizedHandler | None = None
    problem: str = "is being loaded"


Loader = Callable[[str, Path], GeneralizedHandler]
"""Makes a model answer, given its name and its directory; works in a thread of its own."""


class Models:
    """The registry of models by name."""

    def __init__(self, names: Iterable[str]) -> None:
        self._models = {name: _Model() for name in names}
        self.draining = False
        """Whether the server goes: nothing is ready any more, though what comes is still answered."""

    @property
    def names(self) -> list[str]:
        """The names of all models, ready or not."""
        return list(self._models)

    @property
    def ready(self) -> bool:
        """Whether every model is ready."""
        return not self.draining and all(model.state is ModelState.Ready for model in self._models.values())

    def state(self, name: str) -> ModelState:
        """Where a model is on its way.

        Raises:
            UnknownModel: there is none of this name.
        """
        return self._find(name).state

    def handler(self, name: str) -> GeneralizedHandler:
        """What answers for a model.

        Raises:
            UnknownModel: there is none of this name.
            ModelNotReady: it is not loaded.
        """
        model = self._find(name)
        if model.handler is None:
            raise ModelNotReady(f"model {name!r} {model.problem}")
        return model.handler

    def require_ready(self, name: str) -> None:
        """Pass if new clients may be sent to this model.

        Raises:
            UnknownModel: there is none of this name.
            ModelNotReady: it is not loaded, or the server goes.
        """
        self.handler(name)
        if self.draining:
            raise ModelNotReady(f"model {name!r} is going: the server shuts down")

    async def load(self, directories: Mapping[str, Path], loader: Loader, worker: Executor) -> None:
        """Load models one after another, in the worker's thread; the first that fails is told and ends the loading.

        Raises:
            Exception: whatever the loader raises.
        """
        for name, directory in directories.items():
            _log.info("loading model %s from %s", name, directory)
            try:
                handler = await asyncio.get_running_loop().run_in_executor(worker, loader, name, directory)
            except Exception as error:
                self._models[name] = _Model(ModelState.Failed, problem=f"could not be loaded: {error}")
                raise
            self._models[name] = _Model(ModelState.Ready, handler)

    def _find(self, name: str) -> _Model:
        if name not in self._models:
            raise UnknownModel(name)
        return self._models[name]
