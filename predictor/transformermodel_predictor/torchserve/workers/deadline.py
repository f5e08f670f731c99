"""A time until which something has to happen, moved on often and reached seldom."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls back when it is reached. Moving or clearing it costs nothing: one timer sees to all.

    Args:
        reached: called then.
    """

    def __init__(self, reached: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._reached = reached
        self._at: float | None = None
        self._timer: asyncio.Handle | None = None
        self._timer_at = 0.0  # kept here, for uvloop's handle of a time that is now has none

    def set(self, seconds: float) -> None:
        """Have it in so many seconds from now."""
        self._at = self._loop.time() + seconds
        if self._timer is None or self._timer_at > self._at:
            self._arm(self._at)

    def clear(self) -> None:
        """Have none."""
        self._at = None

    def close(self) -> None:
        """Never call back again."""
        self.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = self._loop.call_at(at, self._look), at

    def _look(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._at > self._loop.time():
            self._arm(self._at)
        else:
            self._at = None
            self._reached()
