"""Delays between restarts of a worker that keeps dying."""

_DELAYS = (0.0, 1.0, 1.0, 2.0, 3.0, 5.0, 8.0, 13.0, 21.0, 34.0, 55.0)
"""Seconds before each restart; the last one applies to all further restarts."""


class Backoff:
    """Increasing delays between attempts, up to a time limit.

    Args:
        limit: seconds after the first failure from which on there are no further attempts.
    """

    def __init__(self, limit: float) -> None:
        self._limit = limit
        self._failures = 0
        self._since = 0.0

    def failed(self, now: float) -> float | None:
        """Note a failure; return the seconds until the next attempt, or None if there is none."""
        if not self._failures:
            self._since = now
        elif now - self._since > self._limit:
            return None
        delay = _DELAYS[min(self._failures, len(_DELAYS) - 1)]
        self._failures += 1
        return delay

    def worked(self) -> None:
        """Note a success, which resets the delays."""
        self._failures = 0
