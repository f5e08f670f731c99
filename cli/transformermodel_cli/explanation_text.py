"""Formats explanations for a terminal; colour is optional and carries no extra information. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from rich.text import Text

if TYPE_CHECKING:
    from transformermodel_predictor.explanations.explanation import Explained, Explanation, Part

_STRONGEST = 10
_TOLD = 0.05
"""Least importance that is printed after its word."""
_LEAST = 0.005
"""Smaller values would round to zero with two digits."""
_STRONG = 0.3
_BAR = 20
_ROUGH = (
    "        The limit of steps was reached before the delta was within the tolerance: take the numbers as rough, or "
    "allow more with --parameter max_steps=N."
)


def explained_lines(explained: "Explained") -> Iterator[Text]:
    """The answer, and for each explanation its words in text order and the strongest ones by weight."""
    yield from _answer(explained.answer)
    if explained.truncated:
        yield Text(f"        {explained.truncated} tokens did not fit into the model and were not read")
    if not explained.explanations:
        yield Text("There is nothing in the answer to explain.")
    for explanation in explained.explanations:
        yield Text()
        yield _head(explanation)
        if not explanation.converged:
            yield Text(_ROUGH, "yellow")
        for field, parts in groupby(explanation.words, key=lambda word: word.field):
            yield _passage(field, list(parts))
        yield from _strongest(explanation.words)


def _answer(answer: Mapping[str, Any]) -> Iterator[Text]:
    """The answer's fields in one line; lists of objects, such as entities, one line per object."""
    lists = {name: value for name, value in answer.items() if isinstance(value, list)}
    yield Text(f"answer  {_shown({name: len(lists[name]) if name in lists else answer[name] for name in answer})}")
    for value in lists.values():
        for item in value:
            yield Text(f"        {_shown(item) if isinstance(item, Mapping) else item}")


def _shown(fields: Mapping[str, Any]) -> str:
    return ", ".join(f"{name} {_value(value)}" for name, value in fields.items())


def _value(value: object) -> object:
    if isinstance(value, str):
        return _in_line(value)
    return round(value, 4) if isinstance(value, float) else value


def _in_line(text: str) -> str:
    """A text, quoted if it has line breaks or begins or ends with space, as generated texts do."""
    return text if text.isprintable() and text == text.strip() else repr(text)


def _head(explanation: "Explanation") -> Text:
    """What was explained, with its text: that of an entity, or of the answer that starts or ends there."""
    meant = next((explanation.details[name] for name in ("text", "answer") if explanation.details.get(name)), "")
    delta = "" if explanation.delta is None else f", delta {explanation.delta:.4f}"
    steps = f"{explanation.steps} step{'' if explanation.steps == 1 else 's'}"
    logarithm = explanation.details.get("log_probability")  # of a continuation: its probability quickly approaches 0
    score = f"score {explanation.score:.4f}" + ("" if logarithm is None else f", log-probability {logarithm:.2f}")
    told = f"  {score} ({explanation.method.value}, {steps}{delta})"
    return Text.assemble((_in_line(explanation.target), "bold"), f" {meant!r}" if meant else "", told)


def _passage(field: str, words: Sequence["Part"]) -> Text:
    """Words with the spacing that they have in the text."""
    line = Text(f"{field}: ")
    place = words[0].start
    for word in words:
        line.append(" " if word.start > place else "")
        line.append(word.text, _style(word.importance))
        if abs(word.importance) >= _TOLD:
            line.append(f"({word.importance:+.2f})", "dim")
        place = word.end
    return line


def _strongest(words: Sequence["Part"]) -> Iterator[Text]:
    shown = (word for word in words if abs(word.importance) >= _LEAST)
    ordered = sorted(shown, key=lambda word: -abs(word.importance))[:_STRONGEST]
    most = abs(ordered[0].importance) if ordered else 1.0
    for word in ordered:
        bar = "#" * max(1, round(abs(word.importance) / most * _BAR))
        yield Text.assemble(f"  {word.importance:+.2f} ", (f"{bar:<{_BAR}}", _style(word.importance)), f" {word.text}")


def _style(importance: float) -> str:
    if abs(importance) < _TOLD:
        return ""
    colour = "green" if importance > 0 else "red"
    return f"bold {colour}" if abs(importance) >= _STRONG else colour
