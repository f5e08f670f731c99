"""Whether the watches still hear of something, read at the moment when Prometheus asks."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from transformermodel_operator.objects import Kind


class Watch(Protocol):
    """`informer.Informer`."""

    kind: Kind

    @property
    def quiet_for(self) -> float:
        """As `Informer.quiet_for`."""
        ...


class WatchLevels(Collector):
    """How long the watches have been quiet; of a kind that is watched in several namespaces, the quietest.

    Args:
        watches: all of them.
    """

    def __init__(self, watches: Sequence[Watch]) -> None:
        self._watches = watches

    def collect(self) -> Iterator[Metric]:
        """One value for each kind."""
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
