"""Sets up the import path of a handler."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

_TORCHSERVE = Path(__file__).parent.parent

HANDLER_PATH = _TORCHSERVE / "handler_path"
"""First on the import path: the package `ts`."""

FALLBACK_PATH = _TORCHSERVE / "fallback_path"
"""Last on the import path: modules that archives may name without containing them."""


def install_import_path(directory: Path, packages: Path | None) -> None:
    """Set the import path, of this process and its children, as handlers expect it.

    The order is: `ts`, the archive, its installed requirements, the server's packages, the fallback modules. Workers
    never share a process, so modules of different archives cannot clash.
    """
    first = [str(path) for path in (HANDLER_PATH, directory, packages) if path is not None]
    sys.path[:] = _once([*first, *sys.path, str(FALLBACK_PATH)])
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(_once([*first, *(path for path in inherited if path)]))


def look_first_in(folder: Path) -> None:
    """Add a folder right after `ts`, for a handler in a subfolder of the archive."""
    sys.path[:] = _once([str(HANDLER_PATH), str(folder), *sys.path])


def _once(paths: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(paths))
