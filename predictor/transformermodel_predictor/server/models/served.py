"""A loaded model of a server: a prepared model in this process, or an archive's handler in worker processes."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from transformermodel_predictor.handler import Handler
from transformermodel_predictor.torchserve.handler_model import HandlerModel

if TYPE_CHECKING:
    from typing_extensions import TypeIs

Served = Handler | HandlerModel

Loader = Callable[[], Awaitable[Served]]
"""Loads a model. Called on the event loop, so slow work belongs into a thread or a process."""


def runs_handler(served: Served) -> "TypeIs[HandlerModel]":
    """Whether an archive's handler serves the model."""
    return not hasattr(served, "answer")  # isinstance with a protocol class would read all its attributes
