"""Overlapping windows over texts that are longer than the model. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from transformermodel_predictor.tasks.task import Alignment, Encoding, Windows

Item = TypeVar("Item")

_LEAST_SHARE = 4
"""The text gets at least a quarter of each window."""


def windows_over(encoding: Encoding, text: int, limit: int, stride: int) -> Windows:
    """Split an encoding into windows of at most `limit` tokens that overlap by `stride` tokens.

    Only one text is split; the tokens around it, such as special tokens and a question, are in every window.

    Args:
        encoding: of any length, with its alignment.
        text: index of the text to split.
        limit: most tokens of a window.
        stride: tokens by which neighbouring windows overlap; cut to half of a window's room for the text.

    Raises:
        ValueError: the tokens around the text leave it less than a quarter of a window, which would take too many
            windows.
    """
    if len(encoding) <= limit:
        return (encoding,)
    begin, end = span_of(alignment_of(encoding), text)
    room = limit - (len(encoding) - (end - begin))
    least = max(limit // _LEAST_SHARE, 1)
    if room < least:
        raise ValueError(
            f"{limit - room} tokens stand around the text; of the {limit} that the model takes, "
            f"at least {least} must be left for it"
        )
    step = room - min(stride, room // 2)
    starts = range(begin, max(end - room, begin) + step, step)
    return tuple(_part(encoding, begin, start, min(start + room, end), end) for start in starts)


def alignment_of(encoding: Encoding) -> Alignment:
    """The encoding's alignment, for tasks that always request it.

    Raises:
        TypeError: the encoding has no alignment.
    """
    if encoding.alignment is None:
        raise TypeError("the encoding has no alignment")
    return encoding.alignment


def span_of(alignment: Alignment, text: int) -> tuple[int, int]:
    """Positions of a text's first token and of the one after its last; (0, 0) if the text has no tokens."""
    positions = [position for position, index in enumerate(alignment.texts) if index == text]
    return (positions[0], positions[-1] + 1) if positions else (0, 0)


def best_windows(spans: Sequence[tuple[int, int]]) -> list[int]:
    """The index of the window to take each token from: the one with most context on the token's poorer side.

    At the beginning and at the end of the text itself, no context is missing.

    Args:
        spans: start and end (exclusive) of each window among the text's tokens; in order, without gaps.
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
    """The tokens before the text, the text's tokens from `start` to `stop`, and the tokens after the text."""
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
