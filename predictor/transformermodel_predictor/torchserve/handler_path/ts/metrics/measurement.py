"""A handler's measurement, to be sent to the server."""

from transformermodel_predictor.torchserve.handler_observer import Measurement, MeasurementKind

__all__ = ["Measurement", "MeasurementKind"]
