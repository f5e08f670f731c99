"""How important a word is, as colour, as a line below it whose thickness and dashes say the same, and as a number."""

from collections.abc import Iterable

from transformermodel_predictor.explanations.explanation import Part

LEVELS = 10
_NUMBERED = 0.3
"""Share of the strongest word's importance from which on a word carries its number."""


def strongest(parts: Iterable[Part]) -> float:
    """The largest importance, whatever its sign; 0 where nothing is important."""
    return max((abs(part.importance) for part in parts), default=0.0)


def classes(importance: float, most: float) -> str:
    """The style sheet's classes for an importance, where the strongest word of the explanation has `most`."""
    level = round(LEVELS * abs(importance) / most) if most else 0
    if not level:
        return "word"
    return f"word {'for' if importance > 0 else 'against'} level-{level}"


def is_numbered(importance: float, most: float) -> bool:
    """Whether a word is important enough to carry its number in the text."""
    return bool(most) and abs(importance) >= _NUMBERED * most


def signed(number: float) -> str:
    """A number with its sign and two digits, and a minus as people write it; 0.00 has none."""
    text = f"{number:+.2f}"
    return "0.00" if text in ("+0.00", "-0.00") else text.replace("-", "\N{MINUS SIGN}")
