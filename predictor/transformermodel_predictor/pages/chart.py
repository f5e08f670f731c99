"""A bar chart of the most important words."""

from collections.abc import Sequence

from transformermodel_predictor.explanations.explanation import Part
from transformermodel_predictor.pages.markup import Markup, element
from transformermodel_predictor.pages.shading import signed, strongest

_BARS = 10
_LEAST = 0.005
"""Below it the number is 0.00."""
_ROW = 24
_LABEL = 110
_AXIS = 245
_LONGEST = 85
_WIDTH = 380
_CHARACTERS = 16
"""Most of a label."""


def bar_chart(words: Sequence[Part]) -> Markup:
    """The strongest words, the most important first: bars to the right speak for the target, to the left against it.

    Drawn in the page, and read out as a list of words and numbers.
    """
    seen = (word for word in words if abs(word.importance) >= _LEAST)
    ranked = sorted(seen, key=lambda word: -abs(word.importance))[:_BARS]
    if not ranked:
        return element("p", "No word changes anything.", class_="note")
    most = strongest(ranked)
    height = _ROW * len(ranked)
    rows = [part for row, word in enumerate(ranked) for part in _row(row, word, most)]
    axis = element("line", x1=_AXIS, x2=_AXIS, y1=0, y2=height, class_="axis")
    told = "; ".join(f"{word.text} {signed(word.importance)}" for word in ranked)
    return element(
        "svg",
        *rows,
        axis,
        class_="chart",
        viewBox=f"0 0 {_WIDTH} {height}",
        role="img",
        aria_label=f"The strongest words: {told}",
    )


def _row(row: int, word: Part, most: float) -> tuple[Markup, ...]:
    middle = row * _ROW + _ROW / 2
    length = round(_LONGEST * abs(word.importance) / most, 1)
    speaks_for = word.importance > 0
    end = _AXIS + length if speaks_for else _AXIS - length
    label = word.text if len(word.text) <= _CHARACTERS else f"{word.text[: _CHARACTERS - 1]}…"
    return (
        element("text", label, x=_LABEL, y=middle, class_="label"),
        element(
            "rect",
            x=_AXIS if speaks_for else end,
            y=middle - 7,
            width=length,
            height=14,
            class_="for" if speaks_for else "against",
        ),
        element(
            "text",
            signed(word.importance),
            x=end + 5 if speaks_for else end - 5,
            y=middle,
            class_="number" if speaks_for else "number left",
        ),
    )
