"""Exposes handlers' own measurements to Prometheus, as a bounded number of series.

Names and labels are those of TorchServe's mode `prometheus`: the metric's own name, its dimensions and `Hostname`; plus
the label `model`, because nothing else distinguishes the models of one server.
"""

import bisect
import re
import socket
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from prometheus_client import Metric
from prometheus_client.registry import Collector

from transformermodel_predictor.torchserve.handler_observer import Measurement, MeasurementKind

MOST_SERIES = 500
"""Most series of one model; values of further ones are counted and dropped."""

_LONGEST_VALUE = 128
_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, float("inf"))
"""Upper bounds, in seconds: the defaults of Prometheus' client, which TorchServe uses as well."""

_RESERVED = ("transformermodel_", "process_", "python_")
"""Prefixes of names that handlers may not use."""

_NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_]")

_TYPES = {
    MeasurementKind.counter: "unknown",
    MeasurementKind.gauge: "gauge",
    MeasurementKind.histogram: "histogram",
}
"""Prometheus' types. A counter is `unknown`, or the client would append `_total`, which dashboards do not expect."""

Labels = tuple[tuple[str, str], ...]


@dataclass
class _Series:
    """The accumulated values of one set of labels."""

    value: float = 0.0
    counts: list[int] = field(default_factory=lambda: [0] * len(_BUCKETS))

    def add(self, kind: MeasurementKind, value: float) -> None:
        if kind is MeasurementKind.gauge:
            self.value = value
        else:
            self.value += value
        if kind is MeasurementKind.histogram:
            self.counts[bisect.bisect_left(_BUCKETS, value)] += 1


@dataclass
class _Family:
    """The series of one metric name."""

    kind: MeasurementKind
    unit: str
    series: dict[Labels, _Series] = field(default_factory=dict)


class HandlerSeries(Collector):
    """The measurements of all handlers of a server. Used from one thread.

    Attributes:
        host: the label `Hostname` of measurements whose handler sets none.
    """

    def __init__(self) -> None:
        self._families: dict[str, _Family] = {}
        self._sizes: dict[str, int] = {}
        self.host = socket.gethostname()

    def add(self, model: str, measurement: Measurement) -> bool:
        """Record a value; return False if there is no room for its series, or its name is taken or reserved."""
        name = metric_name(measurement.name)
        family = self._families.get(name)
        labels = self._labels(model, measurement.dimensions)
        if family is not None and family.kind is measurement.kind and labels in family.series:
            family.series[labels].add(measurement.kind, measurement.value)
            return True
        if not self._may_begin(model, name, family, measurement):
            return False
        family = self._families.setdefault(name, _Family(measurement.kind, measurement.unit))
        family.series[labels] = _Series()
        family.series[labels].add(measurement.kind, measurement.value)
        self._sizes[model] = self._sizes.get(model, 0) + 1
        return True

    def keep(self, models: Collection[str]) -> None:
        """Drop the series of all other models."""
        for model in set(self._sizes).difference(models):
            self._forget(model)

    def _forget(self, model: str) -> None:
        for name, family in tuple(self._families.items()):
            family.series = {labels: one for labels, one in family.series.items() if ("model", model) not in labels}
            if not family.series:
                del self._families[name]
        self._sizes.pop(model, None)

    def collect(self) -> Iterable[Metric]:
        """Yield the metric families, for a registry."""
        for name, family in self._families.items():
            documentation = f"A handler's {family.kind}; unit: {family.unit or 'none'}."
            metric = Metric(name, documentation, _TYPES[family.kind])
            for labels, series in family.series.items():
                _add_samples(metric, family.kind, dict(labels), series)
            yield metric

    def _may_begin(self, model: str, name: str, family: _Family | None, measurement: Measurement) -> bool:
        if name.startswith(_RESERVED) or (family is not None and family.kind is not measurement.kind):
            return False
        return self._sizes.get(model, 0) < MOST_SERIES

    def _labels(self, model: str, dimensions: Mapping[str, str]) -> Labels:
        labels = {label_name(name): value[:_LONGEST_VALUE] for name, value in dimensions.items()}
        return tuple(sorted(({"Hostname": self.host} | labels | {"model": model}).items()))


def metric_name(name: str) -> str:
    """A handler's metric name, with underscores for the characters that Prometheus does not allow."""
    allowed = _NOT_IN_NAMES.sub("_", name) or "_"
    return f"_{allowed}" if allowed[0].isdigit() else allowed


def label_name(name: str) -> str:
    """A dimension's name as a label; likewise, and not beginning with two underscores, which Prometheus reserves."""
    allowed = metric_name(name)
    return f"_{allowed.lstrip('_')}" if allowed.startswith("__") else allowed


def _add_samples(metric: Metric, kind: MeasurementKind, labels: dict[str, str], series: _Series) -> None:
    if kind is not MeasurementKind.histogram:
        metric.add_sample(metric.name, labels, series.value)
    else:
        total = 0
        for end, count in zip(_BUCKETS, series.counts, strict=True):
            total += count
            bound = "+Inf" if end == float("inf") else str(end)
            metric.add_sample(f"{metric.name}_bucket", {**labels, "le": bound}, total)
        metric.add_sample(f"{metric.name}_count", labels, total)
        metric.add_sample(f"{metric.name}_sum", labels, series.value)
