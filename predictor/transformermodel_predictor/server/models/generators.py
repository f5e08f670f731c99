"""The models that generate text, among those of a server."""

from typing import TYPE_CHECKING

from transformermodel_predictor.generation.generating_handler import GeneratingHandler
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.server.models.served import Served

if TYPE_CHECKING:
    from typing_extensions import TypeIs


def generates(served: Served) -> "TypeIs[GeneratingHandler]":
    """Whether a model generates text."""
    return hasattr(served, "generate")  # asking a protocol class would read every attribute of it


def require_generator(served: Served) -> GeneratingHandler:
    """A model as one that generates text.

    Raises:
        InvalidRequest: it does something else.
    """
    if not generates(served):
        name, task = served.metadata.name, served.metadata.parameters["task"]
        raise InvalidRequest(f"model {name!r} does not generate text: its task is {task}", "model")
    return served
