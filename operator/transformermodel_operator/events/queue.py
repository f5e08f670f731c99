"""Queues events and writes them in order in a task of its own, so that reconciling does not wait for them."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from transformermodel_operator.decide.announcements import Event
from transformermodel_operator.objects import Document


class Writer(Protocol):
    """Writes events: `recorder.Recorder`."""

    async def record(self, model: Document, events: Sequence[Event]) -> None:
        """As `Recorder.record`."""
        ...


class EventQueue:
    """Queues events for a writer. The queue has no limit: a model has few events, and only when a condition changes.

    Args:
        writer: writes the events to the API server.
    """

    def __init__(self, writer: Writer) -> None:
        self._writer = writer
        self._waiting: asyncio.Queue[tuple[Document, Sequence[Event]]] = asyncio.Queue()
        self._writing = False

    @property
    def is_idle(self) -> bool:
        """Whether every queued event has been written or lost."""
        return self._waiting.empty() and not self._writing

    async def record(self, model: Document, events: Sequence[Event]) -> None:
        """Queue events about a model; returns without waiting for them to be written."""
        if events:
            self._waiting.put_nowait((_subject(model), events))

    async def run(self) -> None:
        """Write queued events until cancelled."""
        while True:
            model, events = await self._waiting.get()
            self._writing = True
            try:
                await self._writer.record(model, events)
            finally:
                self._writing = False
                self._waiting.task_done()

    async def drain(self, seconds: float) -> None:
        """Wait until every queued event is written, at most so many seconds; the rest stays queued."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._waiting.join()


def _subject(model: Document) -> Document:
    """The part of a model that its events refer to, so that the queue does not hold whole models."""
    metadata = {name: model["metadata"][name] for name in ("namespace", "name", "uid")}
    return {"apiVersion": model["apiVersion"], "kind": model["kind"], "metadata": metadata}
