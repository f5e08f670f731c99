"""Finds classes in modules and by name."""

import importlib
import inspect
from types import ModuleType


def list_classes_from_module(module: ModuleType, parent_class: type | None = None) -> list[type]:
    """The classes that a module itself defines, sorted by name.

    Args:
        module: the module.
        parent_class: only classes derived from it, where given.
    """
    own = [class_ for _, class_ in inspect.getmembers(module, inspect.isclass) if class_.__module__ == module.__name__]
    return own if parent_class is None else [class_ for class_ in own if issubclass(class_, parent_class)]


def import_class(class_name: str, module_prefix: str | None = None) -> type:
    """A class by its name.

    Args:
        class_name: `Class` in the module of the prefix, or `module.Class`.
        module_prefix: the module, or the package that the module lies in.

    Raises:
        ImportError: there is no such module, or no such class in it.
    """
    module_name, _, name = (f"{module_prefix}.{class_name}" if module_prefix else class_name).rpartition(".")
    if not module_name:
        raise ImportError(f"{class_name} names no module: give it as module.Class")
    found = getattr(importlib.import_module(module_name), name, None)
    if not inspect.isclass(found):
        raise ImportError(f"the module {module_name} has no class {name}")
    return found
