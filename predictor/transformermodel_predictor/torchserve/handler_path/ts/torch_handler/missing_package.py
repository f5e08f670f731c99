"""Packages that handlers need and this server does not include."""

import importlib
from typing import Any


class MissingPackage(RuntimeError):
    """A package that a handler needs is not installed or does not work."""


def require(module: str, needed_by: str) -> Any:
    """Import a module.

    Args:
        module: its name.
        needed_by: what needs it, as the start of a sentence.

    Raises:
        MissingPackage: it cannot be imported; the message says what to do.
    """
    package = module.partition(".")[0]
    try:
        return importlib.import_module(module)
    except (ImportError, OSError, RuntimeError) as error:
        raise MissingPackage(
            f"{needed_by} needs the package {package}, which cannot be imported ({error}): name it in the archive's "
            "requirements.txt, or install it beside the server"
        ) from error
