"""Canonical JSON, and hashes of it as stable identities. Pure."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical_json(value: Mapping[str, Any]) -> str:
    """The JSON text of a value with sorted keys, no spaces and only necessary escapes; equal values give equal texts.

    Raises:
        ValueError: the value contains NaN or an infinity.
        TypeError: the value contains something that JSON cannot represent.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def fingerprint(value: Mapping[str, Any]) -> str:
    """SHA-256 of the canonical JSON in UTF-8, 64 lower-case hexadecimal digits."""
    return hashlib.sha256(canonical_json(value).encode()).hexdigest()
