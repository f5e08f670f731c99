"""Where this machine keeps prepared artifacts."""

from collections.abc import Mapping
from pathlib import Path


def store_directory(given: Path | None, environment: Mapping[str, str]) -> Path:
    """The folder of the store: as given, else $TRANSFORMERMODEL_STORE, else the user's cache (XDG)."""
    if given is not None:
        return given
    if configured := environment.get("TRANSFORMERMODEL_STORE"):
        return Path(configured)
    cache = environment.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "transformermodel"
