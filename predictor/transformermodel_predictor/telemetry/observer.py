"""The interface through which a model's handler and scheduler report what they do."""

from typing import Protocol


class Observer(Protocol):
    """Observes one model's handler and scheduler. Every method is quick, thread-safe and never raises."""

    def queued(self, seconds: float) -> None:
        """A row's step begins after the row has waited this long."""
        ...

    def step(self, rows: int, tokens: int, padded: int) -> None:
        """A step begins: its rows, their tokens, and the padding tokens computed in addition."""
        ...

    def phase(self, name: str, seconds: float) -> None:
        """A phase of the work has ended: tokenize, forward, decode or explain."""
        ...

    def generated(self, tokens: int) -> None:
        """A generation step has produced this many tokens."""
        ...


class Unobserved:
    """An observer that ignores everything."""

    def queued(self, seconds: float) -> None:
        """Do nothing."""

    def step(self, rows: int, tokens: int, padded: int) -> None:
        """Do nothing."""

    def phase(self, name: str, seconds: float) -> None:
        """Do nothing."""

    def generated(self, tokens: int) -> None:
        """Do nothing."""
