"""Keeps measurements until the worker sends them to the server."""

from collections import deque

from ts.metrics.measurement import Measurement


class Recorder:
    """Measurements in their order; several threads of a handler may record at once."""

    def __init__(self) -> None:
        self._waiting: deque[Measurement] = deque()

    def record(self, measurement: Measurement) -> None:
        """Keep a measurement."""
        self._waiting.append(measurement)

    def drain(self) -> list[Measurement]:
        """Hand out what has been recorded since the last time."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]
