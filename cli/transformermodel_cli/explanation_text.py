"""Explanations for people at a terminal: coloured where it can be, and the same without colour. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.text import Text

if TYPE_CHECKING:
    from transformermodel_predictor.explanations.explanation import Explained, Explanation, Part

_STRONGEST = 10
_TOLD = 0.05
"""Importances from here on stand behind their words."""
_STRONG = 0.3
_BAR = 20


def explained_lines(explained: "Explained") -> Iterator[Text]:
    """The answer, and for each thing explained its words in the order of the text and the strongest by their weight."""
    yield Text(f"answer  {_shown(explained.answer)}")
    if explained.truncated:
        yield Text(f"        {explained.truncated} tokens did not fit into the model and were not read")
    if not explained.explanations:
        yield Text("There is nothing in the answer to explain.")
    for explanation in explained.explanations:
        yield Text()
        yield _head(explanation)
        for field, parts in groupby(explanation.words, key=lambda word: word.field):
            yield _passage(field, list(parts))
        yield from _strongest(explanation.words)


def _shown(answer: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{name} {round(value, 4) if isinstance(value, float) else value}" for name, value in answer.items()
    )


def _head(explanation: "Explanation") -> Text:
    delta = "" if explanation.delta is None else f", delta {explanation.delta:.4f}"
    told = f"  score {explanation.score:.4f} ({explanation.method.value}, {explanation.steps} steps{delta})"
    return Text.assemble((explanation.target, "bold"), told)


def _passage(field: str, words: Sequence["Part"]) -> Text:
    line = Text(f"{field}: ")
    for word in words:
        line.append(word.text, _style(word.importance))
        if abs(word.importance) >= _TOLD:
            line.append(f"({word.importance:+.2f})", "dim")
        line.append(" ")
    return line


def _strongest(words: Sequence["Part"]) -> Iterator[Text]:
    ordered = sorted((word for word in words if word.importance), key=lambda word: -abs(word.importance))[:_STRONGEST]
    most = abs(ordered[0].importance) if ordered else 1.0
    for word in ordered:
        bar = "#" * max(1, round(abs(word.importance) / most * _BAR))
        yield Text.assemble(f"  {word.importance:+.2f} ", (f"{bar:<{_BAR}}", _style(word.importance)), f" {word.text}")


def _style(importance: float) -> str:
    if abs(importance) < _TOLD:
        return ""
    colour = "green" if importance > 0 else "red"
    return f"bold {colour}" if abs(importance) >= _STRONG else colour
