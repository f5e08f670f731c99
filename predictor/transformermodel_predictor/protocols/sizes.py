"""Limits on the size of a request, checked before any work is spent on it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformermodel_predictor.protocols.errors import InvalidRequest, TextTooLarge, TooManyRows


@dataclass(frozen=True)
class RequestLimits:
    """Limits on one request, beside the bytes of its body.

    Attributes:
        text_bytes: most bytes of UTF-8 in all fields of one row.
        rows: most rows: instances, texts of a tensor, prompts or messages.
    """

    text_bytes: int
    rows: int


def require_rows(count: int, limit: int | None, noun: str = "rows", field: str | None = None) -> None:
    """Refuse too many rows: reading each takes time in which no other client is answered.

    Args:
        count: number of rows.
        limit: most rows allowed; None for no limit.
        noun: what the protocol calls them.
        field: the member of the body that holds them.

    Raises:
        TooManyRows: there are too many.
    """
    if limit is not None and count > limit:
        raise TooManyRows(count, limit, noun, field)


def require_messages(messages: int, parts: int, limit: int | None) -> None:
    """Refuse too long a conversation; it is one question, so it cannot be split into several requests.

    Args:
        messages: number of messages.
        parts: number of parts of all messages together.
        limit: most allowed of either; None for no limit.

    Raises:
        TooManyRows: there are too many.
    """
    for count, noun in ((messages, "messages"), (parts, "parts of messages")):
        if limit is not None and count > limit:
            raise TooManyRows(count, limit, noun, "messages", "leave some out, such as the oldest")


def require_size(questions: Iterable[Mapping[str, Any]], limit: int) -> None:
    """Refuse a question with more text than the server tokenizes.

    Args:
        questions: the rows, as named fields.
        limit: most bytes of UTF-8 in all fields of one row.

    Raises:
        TextTooLarge: a row has more text.
        InvalidRequest: the rows have more nested values than any conversation.
    """
    room = _MOST_VALUES
    for fields in questions:
        texts = [value for value in fields.values() if type(value) is str]
        if len(texts) < len(fields):
            texts, room = _texts(fields, room)
        if sum(map(len, texts)) * _MOST_BYTES > limit and sum(map(_bytes, texts)) > limit:
            raise TextTooLarge(limit, next(iter(fields)) if len(fields) == 1 else None)


def require_short(prompts: Iterable[Sequence[int]], limit: int) -> None:
    """Refuse a prompt with more tokens than a text may have bytes: each token stands for at least one byte.

    Args:
        prompts: the token ids of each prompt.
        limit: most bytes of a text.

    Raises:
        TextTooLarge: a prompt has more tokens.
    """
    if any(len(tokens) > limit for tokens in prompts):
        raise TextTooLarge(limit, "prompt")


_MOST_BYTES = 4
"""Most bytes of a code point in UTF-8; a bound that spares encoding most texts to measure them."""

_MOST_VALUES = 65_536
"""Most values in all lists and objects of a request: a message has three, and visiting each takes time."""


def _bytes(text: str) -> int:
    return len(text.encode(errors="surrogatepass"))


def _texts(fields: Mapping[str, Any], room: int) -> tuple[list[str], int]:
    """All strings nested in a row's JSON values, and how many further values are allowed.

    Not recursive: JSON may be nested deeper than Python's stack.
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
