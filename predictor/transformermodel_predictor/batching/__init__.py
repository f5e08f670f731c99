"""Groups waiting requests into engine steps, off the event loop."""

from transformermodel_predictor.batching.limits import BatchLimits, Overloaded
from transformermodel_predictor.batching.scheduler import Scheduler
from transformermodel_predictor.batching.steps import steps_of

__all__ = ["BatchLimits", "Overloaded", "Scheduler", "steps_of"]
