"""Records what a model's scheduler reports as metrics."""

from transformermodel_predictor.telemetry.metrics import Metrics

_PHASES = ("tokenize", "forward", "decode", "explain")


class ModelMeter:
    """Implements `Observer` for one model.

    Args:
        metrics: the server's metrics.
        model: the model's name.
    """

    def __init__(self, metrics: Metrics, model: str) -> None:
        self._queue_time = metrics.queue_time.labels(model)
        self._rows = metrics.batch_rows.labels(model)
        self._tokens = metrics.batch_tokens.labels(model)
        self._padding = metrics.padding.labels(model)
        self._generated = metrics.generated_tokens.labels(model)
        self._phases = {phase: metrics.phase_time.labels(model, phase) for phase in _PHASES}

    def queued(self, seconds: float) -> None:
        """Record how long a row has waited."""
        self._queue_time.observe(seconds)

    def step(self, rows: int, tokens: int, padded: int) -> None:
        """Record a step."""
        self._rows.observe(rows)
        self._tokens.observe(tokens)
        self._padding.observe(padded / max(1, tokens + padded))

    def phase(self, name: str, seconds: float) -> None:
        """Record the duration of a phase."""
        self._phases[name].observe(seconds)

    def generated(self, tokens: int) -> None:
        """Count generated tokens."""
        self._generated.inc(tokens)
