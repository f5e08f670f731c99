"""What the workers of a handler report while they work, whoever listens."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class MeasurementKind(StrEnum):
    """What a handler measures: a sum, the last value, or a distribution."""

    counter = "counter"
    gauge = "gauge"
    histogram = "histogram"


@dataclass(frozen=True)
class Measurement:
    """A value that a handler has measured.

    Attributes:
        name: as the handler calls it.
        kind: what becomes of several values.
        value: a counter's increment; else the value itself.
        unit: TorchServe's word for it, such as `ms` or `Count`.
        dimensions: what it belongs to, such as ModelName and Level.
    """

    name: str
    kind: MeasurementKind
    value: float
    unit: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)


class HandlerObserver(Protocol):
    """Listens to one model's workers, on the event loop. Every method is quick and never raises."""

    def queued(self, seconds: float) -> None:
        """A call has waited so long for a worker to take it."""
        ...

    def answered(self, calls: int, seconds: float) -> None:
        """A batch of so many calls was answered, or failed, after so long in its worker."""
        ...

    def measured(self, measurements: Sequence[Measurement]) -> None:
        """The handler has measured something."""
        ...

    def replaced(self) -> None:
        """A worker that died or did not answer is started anew."""
        ...

    def changed(self) -> None:
        """A worker has become ready, or is ready no more."""
        ...


class UnobservedHandler:
    """Nobody listens."""

    def queued(self, seconds: float) -> None:
        """Say nothing."""

    def answered(self, calls: int, seconds: float) -> None:
        """Say nothing."""

    def measured(self, measurements: Sequence[Measurement]) -> None:
        """Say nothing."""

    def replaced(self) -> None:
        """Say nothing."""

    def changed(self) -> None:
        """Say nothing."""
