"""In which window of a text a part of it is explained. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from transformermodel_predictor.tasks.task import Windows
from transformermodel_predictor.tasks.windows import alignment_of, span_of


def spans_of(windows: Windows, text: int) -> list[tuple[int, int]]:
    """For each window, the first of a text's tokens that it has, and the one after the last."""
    spans = []
    for encoding in windows:
        alignment = alignment_of(encoding)
        begin, end = span_of(alignment, text)
        spans.append((alignment.before, alignment.before + end - begin))
    return spans


def window_holding(spans: Sequence[tuple[int, int]], tokens: range) -> int:
    """The window that has most of the tokens, and of several the one with most context on their poorer side.

    Where the text itself begins or ends nothing is missing.

    Args:
        spans: the tokens that each window has.
        tokens: neighbours, at least one.
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
    """Which part of a text was looked at, where the text is longer than the model."""
    if len(windows) == 1:
        return {}
    alignment = alignment_of(windows[window])
    begin, end = span_of(alignment, text)
    return {"window": {"start": alignment.offsets[begin][0], "end": alignment.offsets[end - 1][1]}}
