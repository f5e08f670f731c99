"""Removes nulls from a manifest, because the API server treats a null field as an absent one. Pure."""

from collections.abc import Mapping
from typing import Any


def without_nulls(document: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The document without null fields and map entries; null items of lists stay."""
    if isinstance(document, Mapping):
        return {name: without_nulls(value) for name, value in document.items() if value is not None}
    if isinstance(document, list):
        return [without_nulls(item) for item in document]
    return document
