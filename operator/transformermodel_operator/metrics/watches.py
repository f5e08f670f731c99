"""Gauges of the watches' silence, computed when Prometheus scrapes."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from transformermodel_operator.objects import Kind


class Watch(Protocol):
    """A watch: `informer.Informer`."""

    kind: Kind

    @property
    def quiet_for(self) -> float:
        """As `Informer.quiet_for`."""
        ...


class WatchGauges(Collector):
    """Gauges of how long each kind's watch has been silent; with several watches of a kind, the longest time.

    Args:
        watches: all watches.
    """

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches

    def collect(self) -> Iterator[Metric]:
        """The metric family, with one value for each kind."""
        quiet: dict[str, float] = {}
        for watch in self._watches:
            quiet[watch.kind.plural] = max(watch.quiet_for, quiet.get(watch.kind.plural, 0.0))
        family = GaugeMetricFamily(
            "transformermodel_watch_quiet_seconds",
            "How long nothing has come of the watch of a kind: no event, no bookmark, no list.",
            labels=["resource"],
        )
        for resource, seconds in quiet.items():
            family.add_metric([resource], seconds)
        yield family
