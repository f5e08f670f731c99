"""Which handler serves a loaded model."""

from transformermodel_predictor.batching import BatchLimits
from transformermodel_predictor.generation.handler import GenerationHandler
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.handler import GeneralizedHandler, Handler, Workers
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.telemetry.observer import Observer


def make_handler(
    name: str,
    model: LoadedModel | LoadedGenerator,
    workers: Workers,
    observer: Observer | None = None,
    limits: BatchLimits | None = None,
) -> Handler:
    """The handler under a name, with the server's threads; the observer is told what happens.

    The limits are those of batches of encodings; models that generate have their own.
    """
    if isinstance(model, LoadedGenerator):
        return GenerationHandler(name, model, workers, observer=observer)
    return GeneralizedHandler(name, model, workers, limits, observer)
