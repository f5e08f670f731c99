"""What cycles report to their observer, kept back until the callers have their answers."""

from collections import deque
from collections.abc import Callable
from functools import partial

from transformermodel_predictor.telemetry.observer import Observer


class Reports:
    """Collects reports in one thread, to be passed on in another. Implements `Observer`.

    Counting takes a tenth of a millisecond where a forward pass has emptied the processor's caches, and no caller need
    wait for that.

    Args:
        observer: receives the reports.
    """

    def __init__(self, observer: Observer) -> None:
        self._observer = observer
        self._reports: deque[Callable[[], None]] = deque()

    def queued(self, seconds: float) -> None:
        """See `Observer`."""
        self._reports.append(partial(self._observer.queued, seconds))

    def step(self, rows: int, tokens: int, padded: int) -> None:
        """See `Observer`."""
        self._reports.append(partial(self._observer.step, rows, tokens, padded))

    def phase(self, name: str, seconds: float) -> None:
        """See `Observer`."""
        self._reports.append(partial(self._observer.phase, name, seconds))

    def generated(self, tokens: int) -> None:
        """See `Observer`."""
        self._reports.append(partial(self._observer.generated, tokens))

    def pass_on(self) -> None:
        """Pass on the reports collected so far; may be called from any thread."""
        while self._reports:
            self._reports.popleft()()
