"""Which handler serves a loaded model."""

from transformermodel_predictor.generation.handler import GenerationHandler
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.handler import GeneralizedHandler, Handler, Workers
from transformermodel_predictor.loading import LoadedModel


def make_handler(name: str, model: LoadedModel | LoadedGenerator, workers: Workers) -> Handler:
    """The handler under a name, with the server's threads."""
    if isinstance(model, LoadedGenerator):
        return GenerationHandler(name, model, workers)
    return GeneralizedHandler(name, model, workers)
