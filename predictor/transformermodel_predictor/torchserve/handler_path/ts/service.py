"""The name under which older handlers import the exception."""

from ts.utils.prediction_exception import PredictionException

__all__ = ["PredictionException"]
