"""The interface for recording metrics that preceded the metrics cache."""

from collections.abc import Mapping, Sequence

from ts.metrics.default_dimensions import of_error, with_model
from ts.metrics.dimension import Dimension
from ts.metrics.measurement import Measurement, MeasurementKind
from ts.metrics.metric import Metric
from ts.metrics.recorder import Recorder

_TIMES = ("ms", "s")
_SIZES = ("B", "kB", "MB", "GB")


class MetricsStore:
    """Metrics with their values.

    Args:
        request_ids: the batch's request ids by row.
        model_name: the dimension ModelName of all measurements.

    Attributes:
        store: a metric for each name, unit, request and set of dimensions.
    """

    def __init__(self, request_ids: Mapping[int, str] | None, model_name: str | None) -> None:
        self.request_ids = request_ids
        self.model_name = model_name
        self.store: list[Metric] = []
        self.cache: dict[tuple[str, ...], Metric] = {}
        self._recorder = Recorder()

    def drain(self) -> list[Measurement]:
        """Take the measurements recorded since the last call, in order."""
        return self._recorder.drain()

    def set_request_ids(self, request_ids: Mapping[int, str]) -> None:
        """Set the request ids of the next batch, whose metrics start empty."""
        self.request_ids = request_ids
        self.store.clear()
        self.cache.clear()

    def add_counter(
        self, name: str, value: float, idx: int | None = None, dimensions: Sequence[Dimension] | None = None
    ) -> None:
        """Add to a counter."""
        kind = MeasurementKind.counter
        self._measure(name, value, "count", kind, self._request(idx), with_model(dimensions or (), self.model_name))

    def add_time(
        self,
        name: str,
        value: float,
        idx: int | None = None,
        unit: str = "ms",
        dimensions: Sequence[Dimension] | None = None,
    ) -> None:
        """Record a time, in `ms` or `s`."""
        self._add_in(_TIMES, name, value, idx, unit, dimensions)

    def add_size(
        self,
        name: str,
        value: float,
        idx: int | None = None,
        unit: str = "MB",
        dimensions: Sequence[Dimension] | None = None,
    ) -> None:
        """Record a size, in `B`, `kB`, `MB` or `GB`."""
        self._add_in(_SIZES, name, value, idx, unit, dimensions)

    def add_percent(
        self, name: str, value: float, idx: int | None = None, dimensions: Sequence[Dimension] | None = None
    ) -> None:
        """Record a percentage."""
        self.add_metric(name, value, "percent", idx, dimensions)

    def add_error(self, name: str, value: float, dimensions: Sequence[Dimension] | None = None) -> None:
        """Count errors."""
        self._measure(name, value, "", MeasurementKind.counter, None, of_error(dimensions or ()))

    def add_metric(
        self,
        name: str,
        value: float,
        unit: str,
        idx: int | None = None,
        dimensions: Sequence[Dimension] | None = None,
    ) -> None:
        """Record a value."""
        kind = MeasurementKind.gauge
        self._measure(name, value, unit, kind, self._request(idx), with_model(dimensions or (), self.model_name))

    def _add_in(
        self,
        units: Sequence[str],
        name: str,
        value: float,
        idx: int | None,
        unit: str,
        dimensions: Sequence[Dimension] | None,
    ) -> None:
        if unit not in units:
            raise ValueError(f"the unit {unit!r} of the metric {name} must be one of {', '.join(units)}")
        self.add_metric(name, value, unit, idx, dimensions)

    def _measure(
        self,
        name: str,
        value: float,
        unit: str,
        kind: MeasurementKind,
        request_id: str | None,
        dimensions: Sequence[Dimension],
    ) -> None:
        key = (name, unit, request_id or "", *map(str, dimensions))
        if (metric := self.cache.get(key)) is None:
            metric = self.cache[key] = Metric(name, value, unit, dimensions, request_id, kind.value)
            self.store.append(metric)
        else:
            metric.update(value)
        texts = {dimension.name: str(dimension.value) for dimension in dimensions}
        self._recorder.record(Measurement(name, kind, float(value), metric.unit, texts))

    def _request(self, idx: int | None) -> str:
        """The id of a row's request; those of all rows if no row is given."""
        ids = self.request_ids or {}
        return ",".join(ids.values()) if idx is None else ids.get(idx, "")
