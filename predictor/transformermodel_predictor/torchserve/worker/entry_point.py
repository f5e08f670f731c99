"""Finds the entry point in a handler's module."""

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
"""A handler's function for a batch: from its rows and the context to the answers."""


@dataclass(frozen=True)
class EntryPoint:
    """The functions of a handler.

    Attributes:
        handle: answers a batch.
        initialize: called once before the first batch, with the context.
    """

    handle: Handle
    initialize: Callable[[Any], Any]


def find_entry_point(module: ModuleType, name: HandlerName) -> EntryPoint:
    """Find the entry point: the named function or class, else the function `handle`, else a class.

    Of several classes with `initialize` and `handle`, the first in the source wins, as TorchServe's guide says.

    Raises:
        NotLoadable: the module has no entry point.
    """
    found = getattr(module, name.attribute or _USUAL_NAME, None)
    if inspect.isclass(found):
        if _can_handle(found):
            return _of_class(found)
        raise NotLoadable(f"the class {name.attribute} of {name.module}.py has no method {_USUAL_NAME}")
    if callable(found):
        return EntryPoint(found, lambda context: found(None, context))
    classes = _classes(module)
    if name.attribute is None or len(classes) == 1:  # TorchServe uses the only class, whatever function is named
        if classes:
            return _of_class(classes[0])
        raise NotLoadable(
            f"{name.module}.py has nothing that can handle: neither a function {_USUAL_NAME} nor a class with the "
            f"methods initialize and {_USUAL_NAME}"
        )
    raise NotLoadable(f"{name.module}.py has neither a function nor a class {name.attribute}")


def in_envelope(handle: Handle, envelope: str | None) -> Handle:
    """Wrap a handler in a request envelope.

    Raises:
        NotLoadable: there is no envelope of this name.
    """
    if not envelope:
        return handle
    try:
        module = importlib.import_module(f"{_ENVELOPES}.{envelope}")
    except ModuleNotFoundError as error:
        raise NotLoadable(f"there is no request envelope {envelope!r}: body, json, kserve and kservev2 are") from error
    instance = _classes(module)[0](handle)
    wrapped: Handle = instance.handle
    return wrapped


def _classes(module: ModuleType) -> list[type[Any]]:
    """The handler classes, in the order of the source: the module's own, or if it defines none, imported ones."""
    handlers = [each for each in vars(module).values() if inspect.isclass(each) and _can_handle(each)]
    own = [each for each in handlers if each.__module__ == module.__name__]
    foreign = [each for each in handlers if not each.__module__.startswith("ts.")]
    complete = [each for each in own if callable(getattr(each, "initialize", None))]
    return complete or own or foreign


def _can_handle(candidate: type[Any]) -> bool:
    return callable(getattr(candidate, _USUAL_NAME, None)) and not inspect.isabstract(candidate)


def _of_class(kind: type[Any]) -> EntryPoint:
    handler = kind()
    return EntryPoint(handler.handle, getattr(handler, "initialize", lambda context: None))
