"""Records when a request waits and when it is worked on, if it is traced."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TypeVar

QUEUE = "queue"

_SHORTEST_WAIT = 0.001
"""Seconds; a shorter gap between two phases does not count as a wait."""

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Phase:
    """A phase of the work, or a wait for it.

    Attributes:
        name: queue, tokenize, forward, decode or explain.
        began: start on the clock `time.perf_counter`, in seconds.
        ended: end on the same clock.
    """

    name: str
    began: float
    ended: float


class Timeline:
    """The phases of a request, or of a part of one that arrived as a whole. May be extended from any thread.

    Args:
        arrived: time of arrival on the clock `time.perf_counter`, in seconds.
    """

    def __init__(self, arrived: float) -> None:
        self._arrived = arrived
        self._worked: list[Phase] = []

    def add(self, name: str, began: float, ended: float) -> None:
        """Add a phase; a step reports it once for each of a request's rows, and repetitions count once."""
        phase = Phase(name, began, ended)
        if not self._worked or self._worked[-1] != phase:
            self._worked.append(phase)

    @property
    def phases(self) -> list[Phase]:
        """The phases of the work in order, and the waits between them."""
        phases: list[Phase] = []
        busy = self._arrived
        for phase in sorted(self._worked, key=lambda phase: phase.began):
            if not phases or phase.began - busy >= _SHORTEST_WAIT:
                phases.append(Phase(QUEUE, busy, phase.began))
            phases.append(phase)
            busy = max(busy, phase.ended)
        return phases


_timelines: ContextVar[list[Timeline] | None] = ContextVar("timelines", default=None)
"""The timelines of the current request, if it is traced."""


@contextmanager
def recording_timelines() -> Iterator[list[Timeline]]:
    """Collect the timelines created within the context, including those of tasks that are created there."""
    timelines: list[Timeline] = []
    token = _timelines.set(timelines)
    try:
        yield timelines
    finally:
        _timelines.reset(token)


def new_timeline(arrived: float) -> Timeline | None:
    """A timeline for the current request; None if it is not traced."""
    timelines = _timelines.get()
    if timelines is None:
        return None
    timeline = Timeline(arrived)
    timelines.append(timeline)
    return timeline


def noted(name: str, work: Callable[[], _Result]) -> Callable[[], _Result]:
    """Wrap work that arrives now and runs later, so that its phase is recorded if the request is traced."""
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
