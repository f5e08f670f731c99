"""What a row asks to be explained."""

import ast
import json
from collections.abc import Mapping
from typing import Any


def input_of(row: Any) -> Any:
    """The value that a row brings: its part `data`, else its body; the row itself where it has no parts."""
    if not isinstance(row, Mapping):
        return row
    data = row.get("data")
    return data if data is not None else row.get("body")


def target_of(row: Any) -> Any:
    """What a row wants explained: a class's index, or a tuple of indices; 0 where it does not say.

    A part of a form comes as text or bytes, JSON has no tuples: all of these are read.
    """
    target = row.get("target") if isinstance(row, Mapping) else None
    if isinstance(target, bytes | bytearray):
        target = target.decode(errors="replace")
    if isinstance(target, str):
        target = _literal(target.strip())
    return tuple(target) if isinstance(target, list) else target or 0


def _literal(text: str) -> Any:
    """A number or a sequence of numbers that is written as JSON or as Python; else the text."""
    for read in (json.loads, ast.literal_eval):
        try:
            return read(text)
        except (ValueError, SyntaxError):
            continue
    return text
