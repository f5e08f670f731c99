"""What one model's workers and handler report, as metrics."""

import logging
from collections.abc import Callable, Sequence

from transformermodel_predictor.telemetry.metrics import Metrics
from transformermodel_predictor.torchserve.handler_observer import Measurement

_log = logging.getLogger(__name__)


class HandlerMeter:
    """Implements `HandlerObserver` for one model.

    Args:
        metrics: where it is counted.
        model: the model's name.
        tell: called when a worker has become ready, or is ready no more.
    """

    def __init__(self, metrics: Metrics, model: str, tell: Callable[[], None]) -> None:
        self._metrics = metrics
        self._model = model
        self._tell = tell
        self._queue_time = metrics.queue_time.labels(model)
        self._rows = metrics.batch_rows.labels(model)
        self._handling = metrics.phase_time.labels(model, "handler")
        self._restarts = metrics.worker_restarts.labels(model)
        self._left_out = metrics.measurements_left_out.labels(model)
        self._told = False

    def queued(self, seconds: float) -> None:
        """Count a call's wait."""
        self._queue_time.observe(seconds)

    def answered(self, calls: int, seconds: float) -> None:
        """Count a batch."""
        self._rows.observe(calls)
        self._handling.observe(seconds)

    def measured(self, measurements: Sequence[Measurement]) -> None:
        """Count what the handler measured; what there is no room for is told in the log once."""
        left_out = [one for one in measurements if not self._metrics.handlers.add(self._model, one)]
        self._left_out.inc(len(left_out))
        if left_out and not self._told:
            self._told = True
            _log.warning(
                "model %s: metric %s is left out: its name is taken, or there are too many series of this model",
                self._model,
                left_out[0].name,
            )

    def replaced(self) -> None:
        """Count a worker that was started anew."""
        self._restarts.inc()

    def changed(self) -> None:
        """Tell that a worker has become ready, or is ready no more."""
        self._tell()
