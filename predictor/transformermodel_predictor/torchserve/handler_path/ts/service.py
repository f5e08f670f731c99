"""Names under which older handlers import what lies elsewhere, or what they need no more."""

from typing import Any

from ts.utils.prediction_exception import PredictionException

__all__ = ["PredictionException", "emit_metrics"]


def emit_metrics(metrics: Any) -> None:
    """Do nothing: what a handler measures goes to the server after each batch, whether or not it asks for that.

    Args:
        metrics: what the handler has measured.
    """
