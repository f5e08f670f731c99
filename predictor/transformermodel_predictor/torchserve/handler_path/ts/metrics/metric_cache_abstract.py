"""The interface through which handlers record metrics: `context.metrics`."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import SupportsFloat

from ts.metrics.caching_metric import CachingMetric
from ts.metrics.default_dimensions import of_error, with_model
from ts.metrics.dimension import Dimension
from ts.metrics.measurement import Measurement
from ts.metrics.metric_cache_errors import MetricsCacheKeyError, MetricsCacheTypeError, MetricsCacheValueError
from ts.metrics.metric_type_enum import MetricTypes
from ts.metrics.recorder import Recorder

_TIMES = ("ms", "s")
_SIZES = ("B", "kB", "MB", "GB")


class MetricCacheAbstract(ABC):
    """Metrics by type and name, which handlers look up or add.

    Args:
        config_file_path: a file that defines metrics; None for none.
        model_name: the dimension ModelName of all measurements.

    Attributes:
        cache: the metrics.
        request_ids: of the current batch.
    """

    def __init__(self, config_file_path: str | None = None, model_name: str | None = None) -> None:
        self.config_file_path = config_file_path
        self.model_name = model_name
        self.request_ids: Mapping[int, str] | None = None
        self.cache: dict[MetricTypes, dict[str, CachingMetric]] = {}
        self._recorder = Recorder()

    def drain(self) -> list[Measurement]:
        """Take the measurements recorded since the last call, in order."""
        return self._recorder.drain()

    def set_request_ids(self, request_ids: Mapping[int, str]) -> None:
        """Set the request ids of the next batch."""
        self.request_ids = request_ids

    def add_metric(
        self,
        name: str,
        value: float,
        unit: str,
        idx: int | None = None,
        dimensions: Sequence[Dimension] = (),
        metric_type: MetricTypes = MetricTypes.COUNTER,
    ) -> None:
        """Record a value of a metric; adds the metric if none has this name and type.

        Args:
            name: the metric's.
            value: a counter's increment; else the value itself.
            unit: the unit of a metric to be added.
            idx: the value's row in the batch; accepted but not used.
            dimensions: in addition to ModelName and Level.
            metric_type: how several values are aggregated.
        """
        self._measure(name, value, unit, with_model(dimensions, self.model_name), metric_type)

    def add_counter(
        self, name: str, value: float, idx: int | None = None, dimensions: Sequence[Dimension] = ()
    ) -> None:
        """Add to a counter."""
        self.add_metric(name, value, "count", idx, dimensions, MetricTypes.COUNTER)

    def add_time(
        self,
        name: str,
        value: float,
        idx: int | None = None,
        unit: str = "ms",
        dimensions: Sequence[Dimension] = (),
        metric_type: MetricTypes = MetricTypes.GAUGE,
    ) -> None:
        """Record a time, in `ms` or `s`."""
        _require_unit(name, unit, _TIMES)
        self.add_metric(name, value, unit, idx, dimensions, metric_type)

    def add_size(
        self,
        name: str,
        value: float,
        idx: int | None = None,
        unit: str = "MB",
        dimensions: Sequence[Dimension] = (),
        metric_type: MetricTypes = MetricTypes.GAUGE,
    ) -> None:
        """Record a size, in `B`, `kB`, `MB` or `GB`."""
        _require_unit(name, unit, _SIZES)
        self.add_metric(name, value, unit, idx, dimensions, metric_type)

    def add_percent(
        self,
        name: str,
        value: float,
        idx: int | None = None,
        dimensions: Sequence[Dimension] = (),
        metric_type: MetricTypes = MetricTypes.GAUGE,
    ) -> None:
        """Record a percentage."""
        self.add_metric(name, value, "percent", idx, dimensions, metric_type)

    def add_error(self, name: str, value: float, dimensions: Sequence[Dimension] = ()) -> None:
        """Count errors."""
        self._measure(name, value, "", of_error(dimensions), MetricTypes.COUNTER)

    def _measure(
        self, name: str, value: float, unit: str, dimensions: Sequence[Dimension], metric_type: MetricTypes
    ) -> None:
        _require_type("value", value, SupportsFloat)
        try:
            metric = self.get_metric(name, metric_type)
        except MetricsCacheKeyError:
            metric = self.add_metric_to_cache(name, unit, [given.name for given in dimensions], metric_type)
        metric.update(value, dimensions=dimensions)

    def get_metric(self, metric_name: str, metric_type: MetricTypes = MetricTypes.COUNTER) -> CachingMetric:
        """Look up a metric.

        Raises:
            MetricsCacheKeyError: no metric has this name and type.
        """
        _require_type("metric_name", metric_name, str)
        _require_type("metric_type", metric_type, MetricTypes)
        try:
            return self.cache[metric_type][metric_name]
        except KeyError:
            raise MetricsCacheKeyError(f"there is no metric {metric_name} of type {metric_type.value}") from None

    def add_metric_to_cache(
        self,
        metric_name: str,
        unit: str,
        dimension_names: Sequence[str] = (),
        metric_type: MetricTypes = MetricTypes.COUNTER,
    ) -> CachingMetric:
        """Add a metric, replacing one of the same name and type.

        Raises:
            MetricsCacheTypeError: an argument has the wrong type.
        """
        _require_type("metric_name", metric_name, str)
        _require_type("unit", unit, str)
        _require_type("dimension_names", dimension_names, (list, tuple))
        _require_type("metric_type", metric_type, MetricTypes)
        metric = CachingMetric(metric_name, unit, dimension_names, metric_type, self._recorder.record)
        self.cache.setdefault(metric_type, {})[metric_name] = metric
        return metric

    @abstractmethod
    def initialize_cache(self) -> None:
        """Add the metrics that the file defines."""


def _require_unit(name: str, unit: str, known: Sequence[str]) -> None:
    if unit not in known:
        raise MetricsCacheValueError(f"the unit {unit!r} of the metric {name} must be one of {', '.join(known)}")


def _require_type(argument: str, given: object, wanted: type | tuple[type, ...]) -> None:
    if not isinstance(given, wanted):
        names = " or ".join(type_.__name__ for type_ in (wanted if isinstance(wanted, tuple) else (wanted,)))
        raise MetricsCacheTypeError(f"{argument} must be {names}, not {given!r}")
