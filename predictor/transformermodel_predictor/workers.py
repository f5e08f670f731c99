"""The threads of a server beside its event loop."""

import math
import threading
import time
from collections.abc import Callable

from transformermodel_predictor.device_thread import DeviceThread
from transformermodel_predictor.passing_threads import PassingThreads

_RECENT_SECONDS = 1.0
"""How long after a prediction was requested `predicting` holds."""


class Workers:
    """The threads beside the event loop: one per device, which runs its engines, and one that processes text.

    One per device, because a single forward pass occupies the whole device. Each starts with its first work.

    Args:
        on_idle: called in a device's thread each time that it has been idle for some seconds.

    Attributes:
        engine: the thread of the first device.
        text: processes text while the engines run.
        loading: short-lived threads that load what is needed later.
    """

    def __init__(self, on_idle: Callable[[], object] | None = None) -> None:
        self.engine = DeviceThread("engine", on_idle)
        self._on_idle = on_idle
        self.text = DeviceThread("text")
        self.loading = PassingThreads("load")
        self._predicted = -math.inf
        self._replicas = [self.engine]
        self._lock = threading.Lock()

    def of_replica(self, index: int) -> DeviceThread:
        """The thread for the replica with this index; models share it as they share the replica's device."""
        with self._lock:
            while len(self._replicas) <= index:
                self._replicas.append(DeviceThread(f"engine-{len(self._replicas)}", self._on_idle))
            return self._replicas[index]

    def predict(self) -> None:
        """Note that a prediction has been requested just now."""
        self._predicted = time.monotonic()

    @property
    def predicting(self) -> bool:
        """Whether predictions have been requested within the last second, so that other work takes short turns."""
        return time.monotonic() - self._predicted < _RECENT_SECONDS

    def shutdown(self) -> None:
        """End the threads: work that has begun is finished, waiting work is cancelled."""
        for executor in (*self._replicas, self.text):
            executor.shutdown(wait=False, cancel_futures=True)
