"""Records what a model's workers and handler report as metrics."""

import logging
from collections.abc import Callable, Sequence

from transformermodel_predictor.telemetry.metrics import Metrics
from transformermodel_predictor.torchserve.handler_observer import Measurement

_log = logging.getLogger(__name__)


class HandlerMeter:
    """Implements `HandlerObserver` for one model.

    Args:
        metrics: the server's metrics.
        model: the model's name.
        on_change: called when a worker has become ready, or is no longer ready.
    """

    def __init__(self, metrics: Metrics, model: str, on_change: Callable[[], None]) -> None:
        self._metrics = metrics
        self._model = model
        self._on_change = on_change
        self._queue_time = metrics.queue_time.labels(model)
        self._rows = metrics.batch_rows.labels(model)
        self._handling = metrics.phase_time.labels(model, "handler")
        self._restarts = metrics.worker_restarts.labels(model)
        self._left_out = metrics.measurements_left_out.labels(model)
        self._has_warned = False

    def queued(self, seconds: float) -> None:
        """Record how long a call has waited."""
        self._queue_time.observe(seconds)

    def answered(self, calls: int, seconds: float) -> None:
        """Record a batch."""
        self._rows.observe(calls)
        self._handling.observe(seconds)

    def measured(self, measurements: Sequence[Measurement]) -> None:
        """Record the handler's own measurements; the first that there is no room for is logged."""
        left_out = [one for one in measurements if not self._metrics.handlers.add(self._model, one)]
        self._left_out.inc(len(left_out))
        if left_out and not self._has_warned:
            self._has_warned = True
            _log.warning(
                "model %s: metric %s is left out: its name is taken, or there are too many series of this model",
                self._model,
                left_out[0].name,
            )

    def replaced(self) -> None:
        """Count a worker that was restarted."""
        self._restarts.inc()

    def changed(self) -> None:
        """Pass on that a worker has become ready, or is no longer ready."""
        self._on_change()
