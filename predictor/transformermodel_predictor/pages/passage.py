"""A text with its words shaded by their importance."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from transformermodel_predictor.explanations.explanation import Explanation, Part
from transformermodel_predictor.pages.markup import Markup, element
from transformermodel_predictor.pages.shading import classes, is_numbered, signed, strongest

_SHOWN = 2000
"""Most characters of text without a word that was explained, such as what the model did not read."""

_WRAPPED = 30
"""Longer words carry no number: they may have to be broken between lines."""


def passages(explanation: Explanation, texts: Mapping[str, str]) -> Markup:
    """The texts that an explanation is about, each with its name where there are several.

    Args:
        explanation: whose words are shaded.
        texts: the question's, by their fields; of those that are not here the words are shown.
    """
    most = strongest(explanation.words)
    known = {**explanation.details, **texts}  # an entity's `text` is a part of the question's
    fields = {name: list(words) for name, words in groupby(explanation.words, lambda word: word.field)}
    shown = []
    for name, words in fields.items():
        if len(fields) > 1:
            shown.append(element("p", name, class_="field"))
        shown.append(element("p", *_shaded(_text(known.get(name)), words, most), class_="passage", dir="auto"))
    return Markup.join_all(*shown)


def _text(known: object) -> str | None:
    return known if isinstance(known, str) else None


def _shaded(text: str | None, words: Sequence[Part], most: float) -> Iterator[str]:
    for piece, word in pieces(text, words):
        yield piece if word is None else _word(piece, word, most)


def pieces(text: str | None, words: Sequence[Part]) -> Iterator[tuple[str, Part | None]]:
    """A text in order: its words, and what stands between them.

    Args:
        text: the text; None where it is not known, and then words are apart where they were.
        words: parts of it, by their places.
    """
    place = words[0].start if text is None else 0
    for word in words:
        if word.start > place:
            yield (" " if text is None else _cut(text[place : word.start])), None
        yield (word.text if text is None else text[max(place, word.start) : word.end]), word
        place = max(place, word.end)
    if text is not None and place < len(text):
        yield _cut(text[place:]), None


def _cut(text: str) -> str:
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]} …"


def _word(text: str, word: Part, most: float) -> Markup:
    style, number = classes(word.importance, most), signed(word.importance)
    shaded = element("span", text, class_=style, title=number)
    if len(text) > _WRAPPED or not is_numbered(word.importance, most):
        return shaded
    return element("ruby", shaded, element("rp", " ("), element("rt", number), element("rp", ")"))
