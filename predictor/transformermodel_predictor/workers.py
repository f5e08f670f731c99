"""The threads of a server besides its event loop."""

import math
import threading
import time
from collections.abc import Callable

from transformermodel_predictor.device_thread import DeviceThread
from transformermodel_predictor.passing_threads import PassingThreads

_PRESENT_SECONDS = 1.0


class Workers:
    """The threads besides the event loop: one for each device, which runs its engines, and one that works with text.

    One each, because a forward pass uses a device by itself. They begin with the first work.

    Args:
        rest: called in the thread of a device each time that it has had nothing to do for some seconds.

    Attributes:
        engine: of the first device.
        text: works with text beside the engines.
        loading: loads what is needed later, in threads that end.
    """

    def __init__(self, rest: Callable[[], object] | None = None) -> None:
        self.engine = DeviceThread("engine", rest)
        self._rest = rest
        self.text = DeviceThread("text")
        self.loading = PassingThreads("load")
        self._predicted = -math.inf
        self._replicas = [self.engine]
        self._lock = threading.Lock()

    def of_replica(self, index: int) -> DeviceThread:
        """The thread of a model's replica of this number, which models share as they share its device."""
        with self._lock:
            while len(self._replicas) <= index:
                self._replicas.append(DeviceThread(f"engine-{len(self._replicas)}", self._rest))
            return self._replicas[index]

    def predict(self) -> None:
        """Somebody asks for a prediction."""
        self._predicted = time.monotonic()

    @property
    def predicting(self) -> bool:
        """Whether predictions are asked for at present, so that other work is to take short turns."""
        return time.monotonic() - self._predicted < _PRESENT_SECONDS

    def shutdown(self) -> None:
        """End the threads; what has begun they finish, what waits is not begun."""
        for executor in (*self._replicas, self.text):
            executor.shutdown(wait=False, cancel_futures=True)
