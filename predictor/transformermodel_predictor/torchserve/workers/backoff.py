"""How long it takes until a worker that died is started anew."""

_DELAYS = (0.0, 1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0)
"""Seconds; the last one for all further times."""


class Backoff:
    """Longer from time to time, until it has been tried for too long.

    Args:
        limit: seconds from the first failure after which nothing is tried any more.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._failures = 0
        self._since = 0.0

    def failed(self, now: float) -> float | None:
        """It has failed once more: the seconds until it is tried again, None if it is not."""
        if not self._failures:
            self._since = now
        elif now - self._since > self._limit:
            return None
        delay = _DELAYS[min(self._failures, len(_DELAYS) - 1)]
        self._failures += 1
        return delay

    def worked(self) -> None:
        """It works again."""
        self._failures = 0
