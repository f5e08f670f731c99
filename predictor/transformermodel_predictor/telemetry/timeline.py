"""When a request waited and when it was worked on: noted for its trace, where somebody traces, and nowhere else."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

QUEUE = "queue"

_SHORTEST_WAIT = 0.001
"""Seconds; less between two phases is the way from one to the other."""

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Phase:
    """A part of the work, or a wait for it.

    Attributes:
        name: queue, tokenize, forward, decode or explain.
        began: on the clock `time.perf_counter`, in seconds.
        ended: on the same clock.
    """

    name: str
    began: float
    ended: float


class Timeline:
    """The phases of something that came at once. May be added to from any thread.

    Args:
        arrived: when it came, on the clock `time.perf_counter`.
    """

    def __init__(self, arrived: float) -> None:
        self._arrived = arrived
        self._worked: list[Phase] = []

    def add(self, name: str, began: float, ended: float) -> None:
        """It was worked on. What shares a step with itself says so once for each part, and is noted once."""
        phase = Phase(name, began, ended)
        if not self._worked or self._worked[-1] != phase:
            self._worked.append(phase)

    @property
    def phases(self) -> list[Phase]:
        """The parts of the work in their order, and between them the waits."""
        phases: list[Phase] = []
        busy = self._arrived
        for phase in sorted(self._worked, key=lambda phase: phase.began):
            if not phases or phase.began - busy >= _SHORTEST_WAIT:
                phases.append(Phase(QUEUE, busy, phase.began))
            phases.append(phase)
            busy = max(busy, phase.ended)
        return phases


_timelines: ContextVar[list[Timeline] | None] = ContextVar("timelines", default=None)
"""Those of the request that is being answered, if it is traced."""


@contextmanager
def noting() -> Iterator[list[Timeline]]:
    """Keep the timelines of what is begun within, also by the tasks that are made there."""
    kept: list[Timeline] = []
    token = _timelines.set(kept)
    try:
        yield kept
    finally:
        _timelines.reset(token)


def new_timeline(arrived: float) -> Timeline | None:
    """A timeline that will be told; None where nobody wants it."""
    kept = _timelines.get()
    if kept is None:
        return None
    timeline = Timeline(arrived)
    kept.append(timeline)
    return timeline


def noted(name: str, work: Callable[[], _Result]) -> Callable[[], _Result]:
    """Work that comes now and is done later: where somebody wants to know, its phase is noted."""
    timeline = new_timeline(time.perf_counter())
    if timeline is None:
        return work

    def timed() -> _Result:
        began = time.perf_counter()
        try:
            return work()
        finally:
            timeline.add(name, began, time.perf_counter())

    return timed
