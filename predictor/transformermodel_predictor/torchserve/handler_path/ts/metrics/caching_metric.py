"""A metric whose measurements are sent to the server."""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ts.metrics.dimension import Dimension
from ts.metrics.measurement import Measurement, MeasurementKind
from ts.metrics.metric_abstract import MetricAbstract
from ts.metrics.metric_type_enum import MetricTypes

logger = logging.getLogger(__name__)

Record = Callable[[Measurement], None]
"""Takes a measurement."""


class CachingMetric(MetricAbstract):
    """A metric in a metrics cache.

    An invalid measurement is logged and dropped: no request fails because of a metric.

    Args:
        metric_name: its name.
        unit: a short word of `Units`, or any other text.
        dimension_names: names of the dimensions, in the order of their values.
        metric_type: how several values are aggregated.
        record: receives the measurements; None drops them.
    """

    def __init__(
        self,
        metric_name: str,
        unit: str,
        dimension_names: Sequence[str] | None = None,
        metric_type: MetricTypes = MetricTypes.COUNTER,
        record: Record | None = None,
    ) -> None:
        super().__init__(metric_name, unit, dimension_names, metric_type)
        self._record = record

    def add_or_update(self, value: float, dimension_values: Sequence[Any] = (), request_id: str = "") -> None:
        """Record a value.

        Args:
            value: a counter's increment, at least 0; else the value itself.
            dimension_values: one for each dimension.
            request_id: accepted but not used: one time series per request would grow without bound.
        """
        if len(dimension_values) != len(self.dimension_names):
            self._leave_out(f"its dimensions are {self.dimension_names}, and it was given {list(dimension_values)}")
        else:
            self._measure(value, dict(zip(self.dimension_names, dimension_values, strict=True)))

    def update(self, value: float, request_id: str = "", dimensions: Sequence[Dimension] = ()) -> None:
        """Record a value with named dimensions, which replace the metric's own."""
        if dimensions:
            self._measure(value, {given.name: given.value for given in dimensions})
        else:
            self.add_or_update(value, (), request_id)

    def _measure(self, value: float, dimensions: Mapping[str, Any]) -> None:
        if self.metric_type is MetricTypes.COUNTER and value < 0:
            self._leave_out(f"a counter only grows, and it was given {value}")
        elif self._record is not None:
            kind = MeasurementKind(self.metric_type.value)
            texts = {name: str(given) for name, given in dimensions.items()}
            self._record(Measurement(self.metric_name, kind, float(value), self.unit, texts))

    def _leave_out(self, reason: str) -> None:
        logger.error("the metric %s was not measured: %s", self.metric_name, reason)
