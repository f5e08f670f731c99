"""A value that a handler has measured, on its way to the server's metrics."""

from transformermodel_predictor.torchserve.handler_observer import Measurement, MeasurementKind

__all__ = ["Measurement", "MeasurementKind"]
