"""Records the steps of a preparation while passing its progress on."""

import time
from collections import defaultdict
from collections.abc import Callable

from transformermodel_predictor.progress import Progress, Step


class Recorder:
    """Passes progress on, and records the duration and the data of each step.

    Args:
        clock: monotonic seconds.
    """

    def __init__(self, watcher: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        self._watcher = watcher
        self._clock = clock
        self._began: list[tuple[Step, float]] = []
        self._bytes: dict[Step, int] = {}

    def step(self, step: Step, detail: str) -> None:
        """See `Progress`."""
        self._began.append((step, self._clock()))
        self._watcher.step(step, detail)

    def bytes(self, done: int, total: int) -> None:
        """See `Progress`."""
        self._bytes[self._began[-1][0]] = total
        self._watcher.bytes(done, total)

    def seconds(self) -> dict[str, float]:
        """Seconds of each step so far, summed over candidates."""
        ends = [began for _, began in self._began[1:]] + [self._clock()]
        total: defaultdict[str, float] = defaultdict(float)
        for (step, began), end in zip(self._began, ends, strict=True):
            total[step.value] += end - began
        return {step: round(seconds, 3) for step, seconds in total.items()}

    def data(self) -> dict[str, int]:
        """Bytes of each step that reported any."""
        return {step.value: total for step, total in self._bytes.items()}
