"""What a handler is given: a dictionary for each row, and its headers."""

import json
import logging
from collections.abc import Sequence
from typing import Any

from transformermodel_predictor.torchserve.call import CallKind
from transformermodel_predictor.torchserve.wire.messages import Row, RowPart

_log = logging.getLogger(__name__)

_OURS = ("explain", "describe")
"""Headers by which handlers tell what is asked; a client's own headers of these names never reach them."""


def row_values(parts: Sequence[RowPart], decode: bool) -> dict[str, Any]:
    """A row: its values by their names, of which the last counts.

    Args:
        parts: as they came.
        decode: whether JSON becomes what it says and text a str; all else is a bytearray, as is what is not what it
            claims to be.
    """
    return {part.name: _value(part, decode) for part in parts}


def row_headers(row: Row, kind: CallKind, parts: Sequence[RowPart]) -> dict[str, Any]:
    """A row's headers: of its parts, of the request, and what is asked."""
    headers: dict[str, Any] = {part.name: {"content-type": part.content_type or ""} for part in parts}
    headers.update((name, value) for name, value in row.headers.items() if name.lower() not in _OURS)
    headers["explain"] = str(kind is CallKind.explain)
    if kind is CallKind.describe:
        headers["describe"] = "True"
    return headers


def _value(part: RowPart, decode: bool) -> Any:  # noqa: ANN401 - whatever JSON holds
    media_type = (part.content_type or "").partition(";")[0].strip().lower()
    if decode and media_type == "application/json":
        try:
            return json.loads(bytes(part.value))
        except (ValueError, RecursionError):
            _log.warning("the value %r is no JSON, though it says so: the handler gets its bytes", part.name)
    elif decode and media_type.startswith("text"):
        try:
            return str(part.value, "utf-8")
        except UnicodeDecodeError:
            _log.warning("the value %r is no UTF-8, though it says text: the handler gets its bytes", part.name)
    return bytearray(part.value)
