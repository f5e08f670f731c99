"""What a preparation says while it works."""

from enum import StrEnum
from typing import Protocol


class Step(StrEnum):
    """The steps of a preparation, in their order. One whose result is there already is left out."""

    Resolve = "Resolve"
    Acquire = "Acquire"
    Merge = "Merge"
    Build = "Build"
    Compare = "Compare"
    Measure = "Measure"
    Test = "Test"
    Publish = "Publish"


class Progress(Protocol):
    """Somebody who watches: a terminal, a Job's log, or nobody."""

    def step(self, step: Step, detail: str) -> None:
        """A step begins; detail names what it works on."""
        ...

    def bytes(self, done: int, total: int) -> None:
        """How much of the current step's data is there; both in bytes."""
        ...


class Unwatched:
    """Nobody watches. Implements `Progress`."""

    def step(self, step: Step, detail: str) -> None:
        """Nobody is told."""

    def bytes(self, done: int, total: int) -> None:
        """Nobody is told."""
