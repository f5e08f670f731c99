"""An observer that remembers what it is told."""

import asyncio
from collections.abc import Callable, Sequence

from transformermodel_predictor.torchserve.handler_observer import Measurement


class Listening:
    """Remembers what a model's workers report.

    Attributes:
        measurements: what the handler has measured.
        batches: sizes of the batches that are over.
        waits: seconds that calls have waited.
        replacements: how many workers were started anew.
    """

    def __init__(self) -> None:
        self.measurements: list[Measurement] = []
        self.batches: list[int] = []
        self.waits: list[float] = []
        self.replacements = 0
        self._changed = asyncio.Event()

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something holds; looked at whenever a worker becomes ready or unready, or is replaced."""
        while not condition():
            self._changed.clear()
            await self._changed.wait()

    def queued(self, seconds: float) -> None:
        self.waits.append(seconds)

    def answered(self, calls: int, seconds: float) -> None:
        self.batches.append(calls)

    def measured(self, measurements: Sequence[Measurement]) -> None:
        self.measurements += measurements

    def replaced(self) -> None:
        self.replacements += 1
        self._changed.set()

    def changed(self) -> None:
        self._changed.set()
