"""Finds and imports the module of a handler."""

import importlib
import importlib.util
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Self

from transformermodel_predictor.torchserve.worker.failure import NotLoadable, described, is_out_of_memory, located
from transformermodel_predictor.torchserve.worker.import_path import look_first_in

_DEFAULT_HANDLERS = "ts.torch_handler"
_NO_PACKAGE = "no known parent package"
"""Part of Python's message for a relative import in a module outside of a package."""


@dataclass(frozen=True)
class HandlerName:
    """A handler's name in a manifest: `module`, `module.py` or `folder/module.py`, optionally with `:name`.

    Attributes:
        path: the module's file, relative to the archive, without its suffix.
        attribute: the function or class; None if none is named.
    """

    path: str
    attribute: str | None

    @classmethod
    def parse(cls, text: str) -> Self:
        """Parse a name from a manifest."""
        path, _, attribute = text.strip().partition(":")
        return cls(path.removesuffix(".py"), attribute or None)

    @property
    def module(self) -> str:
        """The module's name."""
        return self.path.rpartition("/")[2]


def import_handler(name: HandlerName, directory: Path, requirements_missing: bool) -> ModuleType:
    """Import a handler's module: from the archive, else from the default handlers, else from the import path.

    Args:
        name: the handler.
        directory: the unpacked archive.
        requirements_missing: whether the archive names requirements that are not installed.

    Raises:
        NotLoadable: there is no such module, or its import fails; the message then has its own exception.
    """
    try:
        if file := next(_candidates(name, directory), None):
            return _import_file(name.module, file, directory)
        for module in (f"{_DEFAULT_HANDLERS}.{name.module}", name.module):
            if _exists(module):
                return importlib.import_module(module)
    except BaseException as error:
        raise _broken(name, error, directory, requirements_missing) from error
    raise NotLoadable(
        f"the handler {name.path!r} was not found: the archive has no file {name.path}.py, and neither a default "
        "handler nor an installed module has this name"
    )


def _candidates(name: HandlerName, directory: Path) -> Iterator[Path]:
    for path in (name.path, name.module):
        for file in (directory / f"{path}.py", directory / path / "__init__.py"):
            if file.is_file():
                yield file


def _import_file(module: str, file: Path, directory: Path) -> ModuleType:
    """Import a file under the name by which other modules of the archive import it."""
    folder = file.parent.parent if file.name == "__init__.py" else file.parent
    look_first_in(folder)
    if module not in sys.modules:
        try:
            return importlib.import_module(module)
        except ImportError as error:
            if folder == directory or _NO_PACKAGE not in str(error):
                raise
            # It uses relative imports, as in a package, although TorchServe imports it as a top-level module.
            return importlib.import_module(".".join((*folder.relative_to(directory).parts, module)))
    # A module of this name is loaded already, as for types.py: import the file under another name.
    spec = importlib.util.spec_from_file_location(f"archive_{module}", file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file.name} cannot be imported")
    loaded = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = loaded
    spec.loader.exec_module(loaded)
    return loaded


def _exists(module: str) -> bool:
    """Whether a module can be found; imports nothing but its parent packages."""
    try:
        return importlib.util.find_spec(module) is not None
    except ModuleNotFoundError as error:
        if error.name and module.startswith(error.name):
            return False
        raise
    except ValueError:  # a name such as "" or "."
        return False


def _broken(name: HandlerName, error: BaseException, directory: Path, requirements_missing: bool) -> NotLoadable:
    if isinstance(error, NotLoadable):
        return error
    if is_out_of_memory(error):
        return NotLoadable(f"memory ran out while {name.module} was imported: {described(error)}", 507)
    remedy = ""
    if requirements_missing and isinstance(error, ImportError):
        remedy = (
            "; the archive's requirements are not installed, which has to be switched on (install_py_dep_per_model)"
        )
    return NotLoadable(f"{name.path}.py cannot be imported: {described(error)}{located(error, directory)}{remedy}")
