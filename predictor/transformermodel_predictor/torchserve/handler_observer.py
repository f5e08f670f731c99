"""The interface through which a handler's workers report what they do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol


class MeasurementKind(StrEnum):
    """How the values of a measurement add up: to a sum, to the last value, or to a distribution."""

    counter = "counter"
    gauge = "gauge"
    histogram = "histogram"


@dataclass(frozen=True)
class Measurement:
    """A value that a handler has measured.

    Attributes:
        name: the handler's name of the metric.
        kind: how several values add up.
        value: a counter's increment, or the value itself.
        unit: in TorchServe's spelling, such as `ms` or `Count`.
        dimensions: labels, such as ModelName and Level.
    """

    name: str
    kind: MeasurementKind
    value: float
    unit: str = ""
    dimensions: Mapping[str, str] = field(default_factory=dict)


class HandlerObserver(Protocol):
    """Observes one model's workers, on the event loop. Every method is quick and never raises."""

    def queued(self, seconds: float) -> None:
        """A worker takes a call after it has waited this long."""
        ...

    def answered(self, calls: int, seconds: float) -> None:
        """A batch of this many calls has been answered, or has failed, after this long in its worker."""
        ...

    def measured(self, measurements: Sequence[Measurement]) -> None:
        """The handler has reported measurements of its own."""
        ...

    def replaced(self) -> None:
        """A worker that died or did not answer is being restarted."""
        ...

    def changed(self) -> None:
        """A worker has become ready, or is no longer ready."""
        ...


class UnobservedHandler:
    """An observer that ignores everything."""

    def queued(self, seconds: float) -> None:
        """Do nothing."""

    def answered(self, calls: int, seconds: float) -> None:
        """Do nothing."""

    def measured(self, measurements: Sequence[Measurement]) -> None:
        """Do nothing."""

    def replaced(self) -> None:
        """Do nothing."""

    def changed(self) -> None:
        """Do nothing."""
