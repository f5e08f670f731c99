"""Null in a manifest: the API server takes a field that is null as a field that is absent."""

from collections.abc import Mapping
from typing import Any


def without_nulls(document: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The document without fields and map entries that are null; items of lists stay."""
    if isinstance(document, Mapping):
        return {name: without_nulls(value) for name, value in document.items() if value is not None}
    if isinstance(document, list):
        return [without_nulls(item) for item in document]
    return document
