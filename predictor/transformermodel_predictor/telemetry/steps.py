"""Measures the steps of a model's engine."""

from prometheus_client import Histogram

from transformermodel_predictor.telemetry.metrics import Metrics


class StepMeter:
    """Observes one model's scheduler. Implements `Observer`.

    Args:
        metrics: where it is counted.
        model: the model's name.
    """

    def __init__(self, metrics: Metrics, model: str) -> None:
        self._queue_time = metrics.queue_time.labels(model)
        self._rows = metrics.batch_rows.labels(model)
        self._tokens = metrics.batch_tokens.labels(model)
        self._padding = metrics.padding.labels(model)
        self._phases: dict[str, Histogram] = {
            name: metrics.phase_time.labels(model, name) for name in ("tokenize", "forward", "decode")
        }

    def queued(self, seconds: float) -> None:
        """A row has waited so long for its step to begin."""
        self._queue_time.observe(seconds)

    def step(self, rows: int, tokens: int, padded: int) -> None:
        """A step has begun with so many rows and tokens, and padding."""
        self._rows.observe(rows)
        self._tokens.observe(tokens)
        self._padding.observe(padded / max(1, tokens + padded))

    def phase(self, name: str, seconds: float) -> None:
        """A part of the work has taken so long."""
        self._phases[name].observe(seconds)
