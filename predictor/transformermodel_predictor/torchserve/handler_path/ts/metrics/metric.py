"""A metric with its value, in the older interface."""

import socket
import time
from collections.abc import Sequence
from typing import Any

from ts.metrics.dimension import Dimension
from ts.metrics.metric_abstract import MetricUnit

_COUNTER = "counter"


class Metric:
    """A measured value.

    Args:
        name: the metric's.
        value: the measured value.
        unit: a short name from `Units`, or any other text.
        dimensions: the value's dimensions.
        request_id: id of the request that the value belongs to.
        metric_method: `counter` if values are summed.
    """

    def __init__(
        self,
        name: str,
        value: float,
        unit: str,
        dimensions: Sequence[Dimension],
        request_id: str | None = None,
        metric_method: str | None = None,
    ) -> None:
        self.name = name
        self.value = value
        self.unit = MetricUnit.units.get(unit, unit)
        self.dimensions = list(dimensions)
        self.request_id = request_id
        self.metric_method = metric_method

    def update(self, value: float) -> None:
        """Add to a counter; replace any other value."""
        self.value = self.value + value if self.metric_method == _COUNTER else value

    def reset(self) -> None:
        """Clear the measured value."""
        self.value = 0

    def __str__(self) -> str:
        dimensions = ",".join(map(str, self.dimensions))
        request = f",{self.request_id}" if self.request_id else ""
        origin = f"#hostname:{socket.gethostname()},{int(time.time())}{request}"
        return f"{self.name}.{self.unit}:{self.value}|#{dimensions}|{origin}"

    def to_dict(self) -> dict[str, Any]:
        """The metric for JSON."""
        return {
            "MetricName": self.name,
            "Value": self.value,
            "Unit": self.unit,
            "Dimensions": self.dimensions,
            "Timestamp": int(time.time()),
            "HostName": socket.gethostname(),
            "RequestId": self.request_id,
        }
