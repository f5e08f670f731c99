"""What the way of a request reports while it goes, whoever listens."""

from typing import Protocol


class Observer(Protocol):
    """Listens to one model's handler and scheduler. Every method is quick, safe in any thread and never raises."""

    def queued(self, seconds: float) -> None:
        """A row has waited so long for its step to begin."""
        ...

    def step(self, rows: int, tokens: int, padded: int) -> None:
        """A step has begun with so many rows, `tokens` of them real and `padded` more computed for nothing."""
        ...

    def phase(self, name: str, seconds: float) -> None:
        """A part of the work has taken so long: tokenize, forward or decode."""
        ...

    def generated(self, tokens: int) -> None:
        """So many tokens have come out of a step that generates."""
        ...


class Unobserved:
    """Nobody listens."""

    def queued(self, seconds: float) -> None:
        """Say nothing."""

    def step(self, rows: int, tokens: int, padded: int) -> None:
        """Say nothing."""

    def phase(self, name: str, seconds: float) -> None:
        """Say nothing."""

    def generated(self, tokens: int) -> None:
        """Say nothing."""
