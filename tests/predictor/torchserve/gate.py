"""Keeps the only worker of a model busy, so that what comes meanwhile waits."""

import asyncio
from typing import Self

from tests.predictor.torchserve.handler_archives import asked
from tests.predictor.torchserve.until import until
from transformermodel_predictor.torchserve.call import Call, Reply
from transformermodel_predictor.torchserve.handler_model import HandlerModel


class Gate:
    """The handler has to answer the body `wait` when there is no file `shut` in its folder any more.

    Args:
        model: with one worker.
    """

    def __init__(self, model: HandlerModel) -> None:
        self._model = model
        self._shut = model.archived.directory / "shut"
        self._waiter: asyncio.Task[Reply] | None = None

    async def __aenter__(self) -> Self:
        self._shut.touch()
        self._waiter = self.ask(asked("wait"))
        await asyncio.sleep(0)  # until the call is made
        await self.until_waiting(0)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.sleep(0)  # until the calls are made
        self._shut.unlink()
        await self.first()

    def ask(self, call: Call) -> asyncio.Task[Reply]:
        """Ask, and go on."""
        return asyncio.create_task(self._model.call(call))

    async def first(self) -> Reply:
        """The answer to the call that has kept the worker busy."""
        assert self._waiter is not None
        return await self._waiter

    async def until_waiting(self, count: int) -> None:
        """Wait until so many calls wait."""
        await until(lambda: self._model.waiting == count)
