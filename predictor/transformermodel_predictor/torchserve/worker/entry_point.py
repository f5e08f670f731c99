"""What in a handler's module is called, and with what it begins."""

import importlib
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from transformermodel_predictor.torchserve.worker.failure import NotLoadable
from transformermodel_predictor.torchserve.worker.handler_module import HandlerName

_ENVELOPES = "ts.torch_handler.request_envelope"
_USUAL_NAME = "handle"

Handle = Callable[[Any, Any], Any]
"""Called with the rows of a batch and the context."""


@dataclass(frozen=True)
class EntryPoint:
    """How a handler is asked.

    Attributes:
        handle: answers a batch.
        initialize: called once before, with the context.
    """

    handle: Handle
    initialize: Callable[[Any], Any]


def find_entry_point(module: ModuleType, name: HandlerName) -> EntryPoint:
    """Find what is to be called: the function or class that is named, the function `handle`, or a class.

    Of several classes with `initialize` and `handle` the first in the source is taken, as TorchServe's guide says.

    Raises:
        NotLoadable: there is none.
    """
    found = getattr(module, name.attribute or _USUAL_NAME, None)
    if inspect.isclass(found):
        if _can_handle(found):
            return _of_class(found)
        raise NotLoadable(f"the class {name.attribute} of {name.module}.py has no method {_USUAL_NAME}")
    if callable(found):
        return EntryPoint(found, lambda context: found(None, context))
    classes = _classes(module)
    if name.attribute is None or len(classes) == 1:  # TorchServe takes the only class whatever function is named
        if classes:
            return _of_class(classes[0])
        raise NotLoadable(
            f"{name.module}.py has nothing that can handle: neither a function {_USUAL_NAME} nor a class with the "
            f"methods initialize and {_USUAL_NAME}"
        )
    raise NotLoadable(f"{name.module}.py has neither a function nor a class {name.attribute}")


def in_envelope(handle: Handle, envelope: str | None) -> Handle:
    """Put a request envelope around a handler.

    Raises:
        NotLoadable: there is none of this name.
    """
    if not envelope:
        return handle
    try:
        module = importlib.import_module(f"{_ENVELOPES}.{envelope}")
    except ModuleNotFoundError as error:
        raise NotLoadable(f"there is no request envelope {envelope!r}: body, json, kserve and kservev2 are") from error
    around = _classes(module)[0](handle)
    wrapped: Handle = around.handle
    return wrapped


def _classes(module: ModuleType) -> list[type[Any]]:
    """The classes that can handle, in the source's order; those of the module itself before those that it imports."""
    found = [each for each in vars(module).values() if inspect.isclass(each) and _can_handle(each)]
    own = [each for each in found if each.__module__ == module.__name__]
    foreign = [each for each in found if not each.__module__.startswith("ts.")]
    complete = [each for each in own if callable(getattr(each, "initialize", None))]
    return complete or own or foreign


def _can_handle(candidate: type[Any]) -> bool:
    return callable(getattr(candidate, _USUAL_NAME, None)) and not inspect.isabstract(candidate)


def _of_class(kind: type[Any]) -> EntryPoint:
    handler = kind()
    return EntryPoint(handler.handle, getattr(handler, "initialize", lambda context: None))
