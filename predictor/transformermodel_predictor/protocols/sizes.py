"""How much text a request may bring, found out before it is tokenized. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from transformermodel_predictor.protocols.errors import TextTooLarge


def require_size(questions: Iterable[Mapping[str, Any]], limit: int) -> None:
    """Refuse a question with more text than the server tokenizes.

    Args:
        questions: the rows, as named fields.
        limit: most bytes of UTF-8 in all fields of one row.

    Raises:
        TextTooLarge: a row has more.
    """
    for fields in questions:
        if _characters(fields) * _MOST_BYTES > limit and _bytes(fields) > limit:
            raise TextTooLarge(limit)


_MOST_BYTES = 4
"""A code point has at most so many bytes in UTF-8: most texts need not be encoded to be measured."""


def _characters(value: object) -> int:
    return sum(len(text) for text in _texts(value))


def _bytes(value: object) -> int:
    return sum(len(text.encode(errors="surrogatepass")) for text in _texts(value))


def _texts(value: object) -> Iterable[str]:
    """All strings in a JSON value. Without recursion: JSON may be nested deeper than Python's stack."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, Mapping):
            left.extend(item.values())
        elif isinstance(item, Sequence):
            left.extend(item)
