"""Counters and histograms that are updated when something happens."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector

from transformermodel_operator.worker import Outcome

CONTROLLER = "transformermodel"
"""Value of the labels `controller` and of workqueue's `name`."""

# The buckets of controller-runtime v0.22 (pkg/internal/controller/metrics, pkg/metrics/workqueue.go), in seconds.
_RECONCILE_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 1, 2, 5, 10, 30, 60)
_QUEUE_BUCKETS = tuple(1e-8 * 10**power for power in range(12))
_OF_QUEUE = ("name", "controller")


class ReconcileInstruments:
    """Metrics of reconciliations.

    Args:
        registry: where the metrics are registered.
        workers: number of models that are reconciled at a time.
    """

    def __init__(self, registry: CollectorRegistry, workers: int) -> None:
        self._total = Counter(
            "controller_runtime_reconcile",
            "Reconciliations by what they have come to.",
            ("controller", "result"),
            registry=registry,
        )
        self._errors = Counter(
            "controller_runtime_reconcile_errors", "Reconciliations that failed.", ("controller",), registry=registry
        ).labels(CONTROLLER)
        self._seconds = Histogram(
            "controller_runtime_reconcile_time_seconds",
            "How long reconciliations take.",
            ("controller",),
            buckets=_RECONCILE_BUCKETS,
            registry=registry,
        ).labels(CONTROLLER)
        Gauge(
            "controller_runtime_max_concurrent_reconciles",
            "Most reconciliations at once.",
            ("controller",),
            registry=registry,
        ).labels(CONTROLLER).set(workers)
        for outcome in Outcome:
            self._total.labels(CONTROLLER, outcome.value)

    def reconciled(self, outcome: Outcome, seconds: float) -> None:
        """Record the outcome and the duration of a reconciliation."""
        self._total.labels(CONTROLLER, outcome.value).inc()
        self._seconds.observe(seconds)
        if outcome is Outcome.error:
            self._errors.inc()


class QueueInstruments:
    """Metrics of the work queue; implements `queue.Counts`."""

    def __init__(self, registry: CollectorRegistry) -> None:
        labels = (CONTROLLER, CONTROLLER)
        self._adds = Counter("workqueue_adds", "Models added to the queue.", _OF_QUEUE, registry=registry).labels(
            *labels
        )
        self._retries = Counter(
            "workqueue_retries", "Models that came back after a failure.", _OF_QUEUE, registry=registry
        ).labels(*labels)
        self._waits = Histogram(
            "workqueue_queue_duration_seconds",
            "How long models wait.",
            _OF_QUEUE,
            buckets=_QUEUE_BUCKETS,
            registry=registry,
        ).labels(*labels)
        self._works = Histogram(
            "workqueue_work_duration_seconds",
            "How long models are worked on.",
            _OF_QUEUE,
            buckets=_QUEUE_BUCKETS,
            registry=registry,
        ).labels(*labels)

    def added(self) -> None:
        """Count a model that was queued."""
        self._adds.inc()

    def taken(self, waited: float) -> None:
        """Record the seconds that a model waited before work on it began."""
        self._waits.observe(waited)

    def ended(self, worked: float) -> None:
        """Record the seconds of work on a model."""
        self._works.observe(worked)

    def retried(self) -> None:
        """Count a model that is retried after a failure."""
        self._retries.inc()


class ClientInstruments:
    """Metrics of requests to the API server; implements `client.Answered`.

    Args:
        registry: where the metrics are registered.
        host: the API server's url, the value of the label `host`.
    """

    def __init__(self, registry: CollectorRegistry, host: str) -> None:
        self._host = host
        self._requests = Counter(
            "rest_client_requests",
            "Requests to the API server by HTTP status, method and host.",
            ("code", "method", "host"),
            registry=registry,
        )

    def __call__(self, method: str, code: str) -> None:
        """Count a request by its method, and its HTTP status or <error>."""
        self._requests.labels(code, method, self._host).inc()


def new_registry() -> CollectorRegistry:
    """A registry with the metrics of the process, which prometheus_client reads from /proc."""
    registry = CollectorRegistry()
    ProcessCollector(registry=registry)
    return registry
