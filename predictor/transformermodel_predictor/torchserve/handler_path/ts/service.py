"""Names that older handlers import from here: things that live elsewhere or are no longer needed."""

from typing import Any

from ts.utils.prediction_exception import PredictionException

__all__ = ["PredictionException", "emit_metrics"]


def emit_metrics(metrics: Any) -> None:
    """Do nothing: a handler's measurements are sent to the server after each batch anyway.

    Args:
        metrics: the handler's measurements.
    """
