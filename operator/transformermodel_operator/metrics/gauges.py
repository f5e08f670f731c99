"""Gauges that are computed when Prometheus scrapes."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Protocol

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from transformermodel_operator.metrics.instruments import CONTROLLER
from transformermodel_operator.metrics.model_states import UNREADY_LIMIT, State, Unready


class Queue(Protocol):
    """The work queue: `queue.WorkQueue`."""

    def __len__(self) -> int:
        """The number of waiting models."""
        ...

    def worked_on(self) -> Iterable[float]:
        """As `WorkQueue.worked_on`."""
        ...


class Models(Protocol):
    """The states of models: `model_states.ModelStates`."""

    def count(self) -> Mapping[State, int]:
        """As `ModelStates.count`."""
        ...

    def unready(self) -> Sequence[Unready]:
        """As `ModelStates.unready`."""
        ...


class OperatorGauges(Collector):
    """Gauges of the work queue, the leader election and the models.

    Args:
        queue: the work queue.
        leads: whether this replica is the leader.
        models: the states of models.
    """

    def __init__(self, queue: Queue, leads: Callable[[], bool], models: Models) -> None:
        self._queue = queue
        self._leads = leads
        self._models = models

    def collect(self) -> Iterator[Metric]:
        """The metric families of all gauges."""
        worked_on = tuple(self._queue.worked_on())
        yield _of_queue("workqueue_depth", "Models that wait.", len(self._queue))
        yield _of_queue("workqueue_unfinished_work_seconds", "How long what is worked on takes in all.", sum(worked_on))
        yield _of_queue(
            "workqueue_longest_running_processor_seconds", "The longest of these.", max(worked_on, default=0.0)
        )
        active = GaugeMetricFamily(
            "controller_runtime_active_workers", "Models that are worked on.", labels=["controller"]
        )
        active.add_metric([CONTROLLER], len(worked_on))
        yield active
        leads = self._leads()
        status = GaugeMetricFamily("leader_election_master_status", "1 for the replica that writes.", labels=["name"])
        status.add_metric(["transformermodel-operator"], float(leads))
        yield status
        yield self._counted(leads)
        yield self._unready(leads)

    def _counted(self, leads: bool) -> Metric:
        """Models by state, reported by the leader alone, so that a sum over replicas is the number of models."""
        models = GaugeMetricFamily(
            "transformermodel_models",
            "TransformerModels by state and the reason of their condition Ready; told by the replica that writes.",
            labels=["namespace", "state", "reason"],
        )
        for state, count in sorted(self._models.count().items() if leads else ()):
            models.add_metric(list(state), count)
        return models

    def _unready(self, leads: bool) -> Metric:
        """Models that are not Ready, reported by the leader alone, so that each is reported once."""
        unready = GaugeMetricFamily(
            "transformermodel_model_unready_since_seconds",
            "When each model that is not Ready ceased to be so, in seconds since the epoch; of more than "
            f"{UNREADY_LIMIT} those that have not been for longest. Condition: the first that does not hold.",
            labels=["namespace", "model", "state", "condition", "reason"],
        )
        for found in self._models.unready() if leads else ():
            labels = [found.model.namespace, found.model.name, found.state, found.condition, found.reason]
            unready.add_metric(labels, found.since)
        return unready


def _of_queue(name: str, documentation: str, value: float) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=["name", "controller"])
    family.add_metric([CONTROLLER, CONTROLLER], value)
    return family
