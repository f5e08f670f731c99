"""Tests of handlers: `import ts` works as it does in a worker."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from transformermodel_predictor.torchserve.worker.import_path import FALLBACK_PATH, HANDLER_PATH

__all__ = ["handlers_can_import"]

_PACKAGE = "ts"

_ours: dict[str, ModuleType] = {}
"""Our modules while none may import them: a class is the same class each time that handlers can import it."""


@contextmanager
def handlers_can_import(directory: Path | None = None) -> Iterator[None]:
    """Let handlers and their tests import `ts`, until the block ends; may be nested, but not entered by two threads.

    Afterwards the import path and the loaded modules are as before: a TorchServe that is installed, or another handler
    with modules of the same names, is not met. What was imported goes on working.

    Args:
        directory: the folder with the handler and the archive's other files, which then can be imported too.
    """
    path, before = list(sys.path), dict(sys.modules)
    nested = _PACKAGE in before and _lies_in(before[_PACKAGE], (HANDLER_PATH,))
    own = () if directory is None else (directory.resolve(),)
    sys.path[:] = [str(HANDLER_PATH), *map(str, own), *path, str(FALLBACK_PATH)]
    if not nested:
        _take_out()
        sys.modules.update(_ours)
    try:
        yield
    finally:
        sys.path[:] = path
        for name in set(sys.modules) - set(before):
            if _lies_in(sys.modules[name], (FALLBACK_PATH, *own)):
                del sys.modules[name]
        if not nested:
            _ours.update(_take_out())
            sys.modules.update({name: module for name, module in before.items() if _is_package(name)})


def _is_package(name: str) -> bool:
    return name.partition(".")[0] == _PACKAGE


def _take_out() -> dict[str, ModuleType]:
    """The modules of `ts` that are loaded, whosever they are, and are not from now on."""
    return {name: sys.modules.pop(name) for name in list(sys.modules) if _is_package(name)}


def _lies_in(module: ModuleType, folders: tuple[Path, ...]) -> bool:
    file = getattr(module, "__file__", None)
    return file is not None and any(Path(file).is_relative_to(folder) for folder in folders)
