"""Which window of a long text a part of it is explained in. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from transformermodel_predictor.tasks.task import Windows
from transformermodel_predictor.tasks.windows import alignment_of, span_of


def window_spans(windows: Windows, text: int) -> list[tuple[int, int]]:
    """The range of a text's tokens in each window, as (first, end) counted from the text's first token."""
    spans = []
    for encoding in windows:
        alignment = alignment_of(encoding)
        begin, end = span_of(alignment, text)
        spans.append((alignment.before, alignment.before + end - begin))
    return spans


def best_window(spans: Sequence[tuple[int, int]], tokens: range) -> int:
    """The window with most of the tokens, and of several the one whose shorter context beside them is longest.

    At the start and the end of the text no context is missing.

    Args:
        spans: range of tokens in each window.
        tokens: a range of tokens, not empty.
    """
    length = spans[-1][1]

    def worth(window: int) -> tuple[int, float]:
        begin, end = spans[window]
        held = min(tokens.stop, end) - max(tokens.start, begin)
        left = tokens.start - begin if begin else float("inf")
        right = end - tokens.stop if end < length else float("inf")
        return held, min(left, right)

    return max(range(len(spans)), key=worth)


def window_details(windows: Windows, window: int, text: int) -> Mapping[str, Any]:
    """The part of the text in the window, as a detail of the target; empty for a text of one window."""
    if len(windows) == 1:
        return {}
    alignment = alignment_of(windows[window])
    begin, end = span_of(alignment, text)
    return {"window": {"start": alignment.offsets[begin][0], "end": alignment.offsets[end - 1][1]}}
