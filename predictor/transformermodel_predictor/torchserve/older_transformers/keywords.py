"""Translates older keywords of tokenizers into today's. Pure."""

from collections.abc import Mapping
from typing import Any

PAD = "pad_to_max_length"
STRATEGY = "truncation_strategy"
OLDER = frozenset({PAD, STRATEGY})

_NO_TRUNCATION = "do_not_truncate"


def current_keywords(older: Mapping[str, Any]) -> dict[str, Any]:
    """A call's keywords, with those that transformers 5 does not know translated.

    As in transformers 3 and 4, `padding` and `truncation` take precedence over the older keywords. A `max_length`
    without `padding` truncates the longest first, whatever `truncation_strategy` is; otherwise that strategy applies.
    """
    keywords = {name: value for name, value in older.items() if name not in OLDER}
    strategy = older.get(STRATEGY, _NO_TRUNCATION)
    padding, truncation = keywords.get("padding", False), keywords.get("truncation")
    limited = keywords.get("max_length") is not None
    if truncation is None and limited and padding is False:
        keywords["truncation"] = "longest_first"
    elif truncation is None and strategy != _NO_TRUNCATION:
        keywords["truncation"] = strategy
    if padding is False and older.get(PAD):
        keywords["padding"] = "max_length" if limited else "longest"
    return keywords
