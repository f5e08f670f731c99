"""Reads the explanation requested by a row."""

import ast
import json
from collections.abc import Mapping
from typing import Any


def input_of(row: Any) -> Any:
    """The input of a row: its part `data`, else its body; the row itself if it has no parts."""
    if not isinstance(row, Mapping):
        return row
    data = row.get("data")
    return data if data is not None else row.get("body")


def target_of(row: Any) -> Any:
    """The target to explain: a class index or a tuple of indices; 0 if the row has none.

    A part of a form is text or bytes, and JSON has no tuples: all of these are accepted.
    """
    target = row.get("target") if isinstance(row, Mapping) else None
    if isinstance(target, bytes | bytearray):
        target = target.decode(errors="replace")
    if isinstance(target, str):
        target = _literal(target.strip())
    return tuple(target) if isinstance(target, list) else target or 0


def _literal(text: str) -> Any:
    """A number or sequence of numbers written as JSON or Python; otherwise the text."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return text
