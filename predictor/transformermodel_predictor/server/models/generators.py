"""Tells models that generate text from others."""

from typing import TYPE_CHECKING

from transformermodel_predictor.generation.generating_handler import GeneratingHandler
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.server.models.served import Served

if TYPE_CHECKING:
    from typing_extensions import TypeIs


def generates(served: Served) -> "TypeIs[GeneratingHandler]":
    """Whether a model generates text."""
    return hasattr(served, "generate")  # isinstance with a protocol class would read all its attributes


def require_generator(served: Served) -> GeneratingHandler:
    """Return the model, checked to be one that generates text.

    Raises:
        InvalidRequest: the model has another task.
    """
    if not generates(served):
        name, task = served.metadata.name, served.metadata.parameters["task"]
        raise InvalidRequest(f"model {name!r} does not generate text: its task is {task}", "model")
    return served
