"""A metric: a name, a unit, and the dimensions of its measurements."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from ts.metrics.metric_type_enum import MetricTypes
from ts.metrics.unit import Units

MetricUnit = Units()


class MetricAbstract(ABC):
    """Base of all metrics.

    Args:
        metric_name: its name.
        unit: a short word of `Units`, or any other text.
        dimension_names: names of the dimensions, in the order of their values.
        metric_type: how several values are aggregated.
    """

    def __init__(
        self,
        metric_name: str,
        unit: str,
        dimension_names: Sequence[str] | None = None,
        metric_type: MetricTypes = MetricTypes.COUNTER,
    ) -> None:
        self.metric_name = metric_name
        self.unit = MetricUnit.units.get(unit, unit)
        self.dimension_names = list(dimension_names or ())
        self.metric_type = metric_type

    @abstractmethod
    def add_or_update(self, value: float, dimension_values: Sequence[Any], request_id: str = "") -> None:
        """Record a value."""
