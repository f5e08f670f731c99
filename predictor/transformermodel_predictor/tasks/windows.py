"""Texts longer than the model: overlapping windows over their tokens, and what each token sees in them. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from transformermodel_predictor.tasks.task import Alignment, Encoding, Windows

Item = TypeVar("Item")

_LEAST_SHARE = 4
"""The text has at least a quarter of each window."""


def windows_over(encoding: Encoding, text: int, limit: int, stride: int) -> Windows:
    """The encoding in parts of at most `limit` tokens that overlap by `stride` tokens.

    Only the given text is cut; what stands around it, such as special tokens and a question, is in every part.

    Args:
        encoding: with its alignment, of any length.
        text: which of the question's texts is cut.
        limit: most tokens of a part.
        stride: tokens that two parts in a row have in common; at most half of what has room in a part.

    Raises:
        ValueError: what stands around the text leaves too little room for it: a part would bring little news, and
            there would be many of them.
    """
    if len(encoding) <= limit:
        return (encoding,)
    begin, end = span_of(alignment_of(encoding), text)
    room = limit - (len(encoding) - (end - begin))
    if room < limit // _LEAST_SHARE:
        raise ValueError(
            f"{limit - room} tokens stand around the text; of the {limit} that the model takes, "
            f"at least {limit // _LEAST_SHARE} must be left for it"
        )
    step = room - min(stride, room // 2)
    starts = range(begin, max(end - room, begin) + step, step)
    return tuple(_part(encoding, begin, start, min(start + room, end), end) for start in starts)


def alignment_of(encoding: Encoding) -> Alignment:
    """The encoding's alignment, which the tasks that ask for it have made.

    Raises:
        TypeError: it has none.
    """
    if encoding.alignment is None:
        raise TypeError("the encoding has no alignment")
    return encoding.alignment


def span_of(alignment: Alignment, text: int) -> tuple[int, int]:
    """Position of a text's first token, and the one after its last; empty where the text has no token."""
    positions = [position for position, of in enumerate(alignment.texts) if of == text]
    return (positions[0], positions[-1] + 1) if positions else (0, 0)


def best_windows(spans: Sequence[tuple[int, int]]) -> list[int]:
    """Which window each token of a text is taken from: the one in which it has most context on its poorer side.

    Where the text itself begins or ends nothing is missing.

    Args:
        spans: first token of each window in the text, and the one after its last; in their order, without gaps.
    """
    length = spans[-1][1]
    best = [0] * length
    most = [-1.0] * length
    for window, (begin, end) in enumerate(spans):
        for token in range(begin, end):
            left = token - begin if begin else float("inf")
            right = end - 1 - token if end < length else float("inf")
            if min(left, right) > most[token]:
                best[token], most[token] = window, min(left, right)
    return best


def _part(encoding: Encoding, begin: int, start: int, stop: int, end: int) -> Encoding:
    """What stands before the text, the text's tokens from `start` to `stop`, and what stands after it."""
    alignment = alignment_of(encoding)
    parts = (slice(0, begin), slice(start, stop), slice(end, None))
    return replace(
        encoding,
        features={name: _joined(values[part] for part in parts) for name, values in encoding.features.items()},
        alignment=Alignment(
            texts=_joined(alignment.texts[part] for part in parts),
            offsets=_joined(alignment.offsets[part] for part in parts),
            words=_joined(alignment.words[part] for part in parts),
            tokens=_joined(alignment.tokens[part] for part in parts),
            before=start - begin,
        ),
    )


def _joined(parts: Iterable[Sequence[Item]]) -> list[Item]:
    return [item for part in parts for item in part]
