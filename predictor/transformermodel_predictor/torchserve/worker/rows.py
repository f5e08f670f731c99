"""Makes the arguments of a handler: a dictionary and headers for each row."""

import json
import logging
from collections.abc import Sequence
from typing import Any

from transformermodel_predictor.torchserve.call import CallKind
from transformermodel_predictor.torchserve.wire.messages import Row, RowPart

_log = logging.getLogger(__name__)

_RESERVED = ("explain", "describe")
"""Headers that tell handlers the kind of call; a client's headers of these names are dropped."""


def row_values(parts: Sequence[RowPart], decode: bool) -> dict[str, Any]:
    """A row's values by name; of several with the same name, the last one.

    Args:
        parts: the values as sent.
        decode: whether to parse JSON and decode text. Anything else is a bytearray, as are values that do not match
            their content type.
    """
    return {part.name: _value(part, decode) for part in parts}


def row_headers(row: Row, kind: CallKind, parts: Sequence[RowPart]) -> dict[str, Any]:
    """A row's headers: those of its parts and of the request, and the kind of call."""
    headers: dict[str, Any] = {part.name: {"content-type": part.content_type or ""} for part in parts}
    headers.update((name, value) for name, value in row.headers.items() if name.lower() not in _RESERVED)
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
