"""Makes the handler that serves a loaded model."""

from transformermodel_api.explanations import Explanations
from transformermodel_api.predictor import Batching
from transformermodel_predictor.batching import BatchLimits
from transformermodel_predictor.generalized_handler import GeneralizedHandler
from transformermodel_predictor.generation.generating_handler import GeneratingHandler
from transformermodel_predictor.generation.generator import GenerationLimits
from transformermodel_predictor.generation.handler import GenerationHandler
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.handler import Handler
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.telemetry.observer import Observer
from transformermodel_predictor.workers import Workers


def make_handler(
    name: str,
    model: LoadedModel | LoadedGenerator,
    workers: Workers,
    observer: Observer | None = None,
    batching: Batching | None = None,
    explanations: Explanations | None = None,
) -> Handler:
    """Make the handler that serves a model.

    Args:
        name: the model's name in URLs.
        model: the loaded model.
        workers: the server's threads.
        observer: receives queue times, step sizes and phase times.
        batching: limits on the size of a step and on waiting rows; they hold for models that generate, too.
        explanations: whether and how answers may be explained; the defaults when None.
    """
    batching = batching or Batching()
    if isinstance(model, LoadedGenerator):
        limits = GenerationLimits.of(batching)
        generating: GeneratingHandler = GenerationHandler(name, model, workers, limits, observer, explanations)
        return generating
    return GeneralizedHandler(name, model, workers, BatchLimits.of(batching), observer, explanations)
