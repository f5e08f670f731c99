"""Older keywords of tokenizers, in today's words. Pure."""

from collections.abc import Mapping
from typing import Any

PAD = "pad_to_max_length"
STRATEGY = "truncation_strategy"
OLDER = frozenset({PAD, STRATEGY})

_NO_TRUNCATION = "do_not_truncate"


def current_keywords(given: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords of a call without those that transformers 5 does not know.

    As transformers 3 and 4 read them: `padding` and `truncation` go before the older keywords, and a `max_length` alone
    cuts, and cuts the longest first, whatever `truncation_strategy` says; it counts where there is no such length, or
    where `padding` is given.
    """
    keywords = {name: value for name, value in given.items() if name not in OLDER}
    strategy = given.get(STRATEGY, _NO_TRUNCATION)
    padding, truncation = keywords.get("padding", False), keywords.get("truncation")
    limited = keywords.get("max_length") is not None
    if truncation is None and limited and padding is False:
        keywords["truncation"] = "longest_first"
    elif truncation is None and strategy != _NO_TRUNCATION:
        keywords["truncation"] = strategy
    if padding is False and given.get(PAD):
        keywords["padding"] = "max_length" if limited else "longest"
    return keywords
