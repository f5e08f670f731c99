"""Whether the process still does its work, for the liveness probe.

An API server that cannot be reached is no reason to restart: waiting is all that a new process could do. What a restart
helps against is a watch that is dead without a failure, and work that does not end.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

LONGEST_SILENCE = 600.0
"""Seconds after which a watch is dead: each is ended by the server after five minutes, and heard of once a minute."""

LONGEST_WORK = 600.0
"""Seconds after which work on one model is stuck: no request takes more than 30, and there are few of them."""


class Watch(Protocol):
    """`informer.Informer`."""

    @property
    def name(self) -> str:
        """As `Informer.name`."""
        ...

    @property
    def quiet_for(self) -> float:
        """As `Informer.quiet_for`."""
        ...


class Queue(Protocol):
    """`queue.WorkQueue`."""

    def worked_on(self) -> Iterable[float]:
        """As `WorkQueue.worked_on`."""
        ...


def ailments(watches: Sequence[Watch], queue: Queue) -> tuple[str, ...]:
    """What a restart would help against, one sentence each; empty while all is well."""
    dead = tuple(
        f"Nothing has come of {watch.name} for {watch.quiet_for:.0f} s."
        for watch in watches
        if watch.quiet_for > LONGEST_SILENCE
    )
    longest = max(queue.worked_on(), default=0.0)
    stuck = (f"One model has been worked on for {longest:.0f} s.",) if longest > LONGEST_WORK else ()
    return (*dead, *stuck)
