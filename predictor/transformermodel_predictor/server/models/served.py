"""What answers for a model: a prepared model of ours, or somebody's handler in workers of its own."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from transformermodel_predictor.handler import Handler
from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.torchserve.handler_model import HandlerModel

if TYPE_CHECKING:
    from typing_extensions import TypeIs

Served = Handler | HandlerModel

Loader = Callable[[], Awaitable[Served]]
"""Makes a model answer; on the event loop, so that what takes long is done in a thread or a process."""


def runs_handler(served: Served) -> "TypeIs[HandlerModel]":
    """Whether somebody's handler answers."""
    return not hasattr(served, "answer")  # asking a protocol class would read every attribute of it


def require_native(served: Served) -> Handler:
    """A prepared model, for what no handler can be asked.

    Raises:
        InvalidRequest: somebody's handler answers.
    """
    if runs_handler(served):
        raise InvalidRequest(f"model {served.metadata.name!r} runs a handler of its own, which cannot be asked this")
    return served
