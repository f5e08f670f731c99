"""Where a handler's imports are looked for."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

_TORCHSERVE = Path(__file__).parent.parent

HANDLER_PATH = _TORCHSERVE / "handler_path"
"""First: the package `ts`."""

FALLBACK_PATH = _TORCHSERVE / "fallback_path"
"""Last: what archives name without bringing it."""


def install_import_path(directory: Path, packages: Path | None) -> None:
    """Let this process, and those that it starts, import as handlers expect.

    First `ts`, then the archive, then what its requirements were installed into, then what is installed, then what
    archives name without bringing it. Two workers never share a process, so neither do two archives' modules.
    """
    first = [str(path) for path in (HANDLER_PATH, directory, packages) if path is not None]
    sys.path[:] = _once([*first, *sys.path, str(FALLBACK_PATH)])
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    os.environ["PYTHONPATH"] = os.pathsep.join(_once([*first, *(path for path in inherited if path)]))


def look_first_in(folder: Path) -> None:
    """Look in one more folder, before all but `ts`: where a handler lies in a folder of the archive."""
    sys.path[:] = _once([str(HANDLER_PATH), str(folder), *sys.path])


def _once(paths: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(paths))
