"""What is told and noted while an artifact is prepared."""

import time
from collections import defaultdict
from collections.abc import Callable

from transformermodel_predictor.progress import Progress, Step


class Recorder:
    """Passes progress on and notes how long each step took and how much data it had.

    Args:
        clock: seconds that only ever grow.
    """

    def __init__(self, watcher: Progress, clock: Callable[[], float] = time.monotonic) -> None:
        self._watcher = watcher
        self._clock = clock
        self._began: list[tuple[Step, float]] = []
        self._bytes: dict[Step, int] = {}

    def step(self, step: Step, detail: str) -> None:
        """A step begins."""
        self._began.append((step, self._clock()))
        self._watcher.step(step, detail)

    def bytes(self, done: int, total: int) -> None:
        """How much of the current step's data is there."""
        self._bytes[self._began[-1][0]] = total
        self._watcher.bytes(done, total)

    def seconds(self) -> dict[str, float]:
        """Duration of each step so far, all candidates together."""
        ends = [began for _, began in self._began[1:]] + [self._clock()]
        total: defaultdict[str, float] = defaultdict(float)
        for (step, began), end in zip(self._began, ends, strict=True):
            total[step.value] += end - began
        return {step: round(seconds, 3) for step, seconds in total.items()}

    def data(self) -> dict[str, int]:
        """Bytes of each step that has told."""
        return {step.value: total for step, total in self._bytes.items()}
