"""Events on their way to the API server: told in their order, beside the work and not in it."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.objects import Document


class Writer(Protocol):
    """Who writes events: `recorder.Recorder`."""

    async def record(self, model: Document, events: Sequence[Event]) -> None:
        """As `Recorder.record`."""
        ...


class Herald:
    """Takes events and has them written one after the other.

    Args:
        writer: who writes them.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: asyncio.Queue[tuple[Document, Sequence[Event]]] = asyncio.Queue()
        self._telling = False

    @property
    def is_idle(self) -> bool:
        """Whether all is told."""
        return self._waiting.empty() and not self._telling

    async def record(self, model: Document, events: Sequence[Event]) -> None:
        """Have events told soon."""
        if events:
            self._waiting.put_nowait((_subject(model), events))

    async def run(self) -> None:
        """Write what comes, until cancelled."""
        while True:
            model, events = await self._waiting.get()
            self._telling = True
            try:
                await self._writer.record(model, events)
            finally:
                self._telling = False
                self._waiting.task_done()

    async def drain(self, seconds: float) -> None:
        """Wait until everything is told, at most so long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._waiting.join()


def _subject(model: Document) -> Document:
    """What an event names of its model; the rest need not wait with it."""
    metadata = {name: model["metadata"][name] for name in ("namespace", "name", "uid")}
    return {"apiVersion": model["apiVersion"], "kind": model["kind"], "metadata": metadata}
