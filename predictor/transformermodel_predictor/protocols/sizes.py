"""How much a request may bring, found out before any of it is worked on. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformermodel_predictor.protocols.errors import InvalidRequest, TextTooLarge, TooManyRows


@dataclass(frozen=True)
class RequestLimits:
    """How much one request may bring, beside the bytes of its body.

    Attributes:
        text_bytes: most bytes of UTF-8 in all fields of one row.
        rows: most rows: instances, texts of a tensor, prompts or messages.
    """

    text_bytes: int
    rows: int


def require_rows(count: int, limit: int | None, called: str = "rows", field: str | None = None) -> None:
    """Refuse more rows than the server takes at once: each costs time in which nobody else is answered.

    Args:
        count: how many there are.
        limit: how many there may be; any number when None.
        called: what the protocol calls them.
        field: the member of the body in which they are.

    Raises:
        TooManyRows: there are more.
    """
    if limit is not None and count > limit:
        raise TooManyRows(count, limit, called, field)


def require_messages(messages: int, parts: int, limit: int | None) -> None:
    """Refuse a longer conversation than the server takes; it is one question, which several requests cannot ask.

    Args:
        messages: how many it has.
        parts: and how many parts all of them have.
        limit: how many of either there may be; any number when None.

    Raises:
        TooManyRows: there are more.
    """
    for count, called in ((messages, "messages"), (parts, "parts of messages")):
        if limit is not None and count > limit:
            raise TooManyRows(count, limit, called, "messages", "leave some out, such as the oldest")


def require_size(questions: Iterable[Mapping[str, Any]], limit: int) -> None:
    """Refuse a question with more text than the server tokenizes.

    Args:
        questions: the rows, as named fields.
        limit: most bytes of UTF-8 in all fields of one row.

    Raises:
        TextTooLarge: a row has more.
        InvalidRequest: the rows have more values in lists and objects than conversations have.
    """
    room = _MOST_VALUES
    for fields in questions:
        texts = [value for value in fields.values() if type(value) is str]
        if len(texts) < len(fields):
            texts, room = _texts(fields, room)
        if sum(map(len, texts)) * _MOST_BYTES > limit and sum(map(_bytes, texts)) > limit:
            raise TextTooLarge(limit, next(iter(fields)) if len(fields) == 1 else None)


def require_short(prompts: Iterable[Sequence[int]], limit: int) -> None:
    """Refuse a prompt that has more tokens than a text may have bytes: each stands for at least one.

    Args:
        prompts: each the ids of its tokens.
        limit: most bytes of a text.

    Raises:
        TextTooLarge: there is one.
    """
    if any(len(tokens) > limit for tokens in prompts):
        raise TextTooLarge(limit, "prompt")


_MOST_BYTES = 4
"""A code point has at most so many bytes in UTF-8: most texts need not be encoded to be measured."""

_MOST_VALUES = 65_536
"""In all fields that are no text: a message of a conversation has three, and to look at each takes time."""


def _bytes(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def _texts(fields: Mapping[str, Any], room: int) -> tuple[list[str], int]:
    """All strings in JSON values, and how many values more there may be.

    Without recursion: JSON may be nested deeper than Python's stack.
    """
    texts: list[str] = []
    left: list[object] = list(fields.values())
    while left:
        room -= 1
        if room < 0:
            raise InvalidRequest(f"the rows have more than {_MOST_VALUES} values in lists and objects; send texts")
        item = left.pop()
        if isinstance(item, str):
            texts.append(item)
        elif isinstance(item, Mapping):
            left.extend(item.values())
        elif isinstance(item, Sequence):
            left.extend(item)
    return texts, room
