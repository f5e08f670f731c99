"""Keeps measurements until the worker sends them to the server."""

from collections import deque

from ts.metrics.measurement import Measurement


class Recorder:
    """Measurements in order; thread-safe."""

    def __init__(self) -> None:
        self._waiting: deque[Measurement] = deque()

    def record(self, measurement: Measurement) -> None:
        """Add a measurement."""
        self._waiting.append(measurement)

    def drain(self) -> list[Measurement]:
        """Take the measurements recorded since the last call."""
        return [self._waiting.popleft() for _ in range(len(self._waiting))]
