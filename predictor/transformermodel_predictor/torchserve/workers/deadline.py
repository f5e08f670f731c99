"""A deadline that is moved often and reached seldom."""

import asyncio
from collections.abc import Callable


class Deadline:
    """Calls back when it is reached. Moving or clearing it is cheap, because it keeps a single timer.

    Args:
        reached: called when the deadline is reached.
    """

    def __init__(self, reached: Callable[[], None]) -> None:
        self._loop = asyncio.get_running_loop()
        self._reached = reached
        self._at: float | None = None
        self._timer: asyncio.Handle | None = None
        self._timer_at = 0.0  # uvloop's handle has no time if that is now

    def set(self, seconds: float) -> None:
        """Set the deadline to this many seconds from now."""
        self._at = self._loop.time() + seconds
        if self._timer is None or self._timer_at > self._at:
            self._arm(self._at)

    def clear(self) -> None:
        """Remove the deadline."""
        self._at = None

    def close(self) -> None:
        """Remove the deadline and cancel the timer."""
        self.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, at: float) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._timer_at = self._loop.call_at(at, self._check), at

    def _check(self) -> None:
        self._timer = None
        if self._at is None:
            return
        if self._at > self._loop.time():
            self._arm(self._at)
        else:
            self._at = None
            self._reached()
