"""How much a request may bring, found out before any of it is worked on. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformermodel_predictor.protocols.errors import TextTooLarge, TooManyRows


@dataclass(frozen=True)
class RequestLimits:
    """How much one request may bring, beside the bytes of its body.

    Attributes:
        text_bytes: most bytes of UTF-8 in all fields of one row.
        rows: most rows: instances, texts of a tensor, prompts or messages.
    """

    text_bytes: int
    rows: int


def require_rows(count: int, limit: int | None, called: str = "rows") -> None:
    """Refuse more rows than the server takes at once: each costs time in which nobody else is answered.

    Args:
        count: how many there are.
        limit: how many there may be; any number when None.
        called: what the protocol calls them.

    Raises:
        TooManyRows: there are more.
    """
    if limit is not None and count > limit:
        raise TooManyRows(count, limit, called)


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
