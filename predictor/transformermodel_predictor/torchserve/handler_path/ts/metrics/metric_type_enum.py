"""What becomes of several values of a metric."""

from enum import Enum


class MetricTypes(Enum):
    """A sum, the last value, or a distribution."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"
