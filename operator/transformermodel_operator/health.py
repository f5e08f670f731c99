"""The liveness check: detects problems that a restart of the process solves. Pure.

An unreachable API server is not one of them, because a new process could only wait, too. They are a watch that is
silent without an error, and work that does not end.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

LONGEST_SILENCE = 600.0
"""Seconds after which a watch counts as dead: the API server sends bookmarks every minute and ends it after five."""

LONGEST_WORK = 600.0
"""Seconds after which work on one model counts as stuck: it makes few requests, and each times out after 30."""


class Watch(Protocol):
    """A watch: `informer.Informer`."""

    @property
    def name(self) -> str:
        """As `Informer.name`."""
        ...

    @property
    def quiet_for(self) -> float:
        """As `Informer.quiet_for`."""
        ...


class Queue(Protocol):
    """The work queue: `queue.WorkQueue`."""

    def worked_on(self) -> Iterable[float]:
        """As `WorkQueue.worked_on`."""
        ...


def liveness_problems(watches: Sequence[Watch], queue: Queue) -> tuple[str, ...]:
    """Problems that a restart would solve, one sentence each; empty while healthy."""
    dead = tuple(
        f"Nothing has come of {watch.name} for {watch.quiet_for:.0f} s."
        for watch in watches
        if watch.quiet_for > LONGEST_SILENCE
    )
    longest = max(queue.worked_on(), default=0.0)
    stuck = (f"One model has been worked on for {longest:.0f} s.",) if longest > LONGEST_WORK else ()
    return (*dead, *stuck)
