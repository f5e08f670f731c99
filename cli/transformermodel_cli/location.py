"""Locations of the store of prepared artifacts and of this machine's cache."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transformermodel_predictor.artifact.opening import StoreLocation


def store_location(given: str | None, environment: Mapping[str, str]) -> "StoreLocation":
    """The store: the given one, else $TRANSFORMERMODEL_STORE, else the user's cache."""
    from transformermodel_predictor.artifact.opening import StoreLocation

    cache = cache_directory(environment)
    return StoreLocation(given or environment.get("TRANSFORMERMODEL_STORE") or str(cache), cache)


def cache_directory(environment: Mapping[str, str]) -> Path:
    """The user's cache directory, by the XDG specification."""
    cache = environment.get("XDG_CACHE_HOME")
    return (Path(cache) if cache else Path.home() / ".cache") / "transformermodel"
