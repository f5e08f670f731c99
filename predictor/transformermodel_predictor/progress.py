"""Progress of a preparation."""

from enum import StrEnum
from typing import Protocol


class Step(StrEnum):
    """The steps of a preparation, in order. A step is skipped if its result exists already."""

    Resolve = "Resolve"
    Acquire = "Acquire"
    Merge = "Merge"
    Build = "Build"
    Compare = "Compare"
    Measure = "Measure"
    Test = "Test"
    Publish = "Publish"


class Progress(Protocol):
    """Receives progress: a terminal, a Job's log, or nothing."""

    def step(self, step: Step, detail: str) -> None:
        """A step starts; `detail` names what it works on."""
        ...

    def bytes(self, done: int, total: int) -> None:
        """Progress of the current step's data, in bytes."""
        ...


class Unwatched:
    """Ignores progress. Implements `Progress`."""

    def step(self, step: Step, detail: str) -> None:
        """See `Progress`; ignored."""

    def bytes(self, done: int, total: int) -> None:
        """See `Progress`; ignored."""
