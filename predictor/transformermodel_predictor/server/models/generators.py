"""The models that generate text, among those of a server."""

from transformermodel_predictor.generation.handler import GenerationHandler
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.server.models.served import Served


def require_generator(handler: Served) -> GenerationHandler:
    """A model as one that generates text.

    Raises:
        InvalidRequest: it does something else.
    """
    if not isinstance(handler, GenerationHandler):
        name, task = handler.metadata.name, handler.metadata.parameters["task"]
        raise InvalidRequest(f"model {name!r} does not generate text: its task is {task}", "model")
    return handler
