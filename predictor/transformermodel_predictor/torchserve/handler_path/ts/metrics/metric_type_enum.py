"""How several values of a metric are aggregated."""

from enum import Enum


class MetricTypes(Enum):
    """A sum, the last value, or a distribution."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
