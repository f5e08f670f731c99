"""Which tokens of an encoding are one word. Pure.

A tokenizer knows words of its own, but not every one knows the same: some take a whole text for one word, and in
scripts that are written without spaces nearly all take a whole sentence. So its words are cut further.
"""

import unicodedata
from collections.abc import Sequence

from transformermodel_predictor.tasks.task import Alignment

_WITHOUT_SPACES = frozenset(
    ("BOPOMOFO", "CJK", "HIRAGANA", "IDEOGRAPHIC", "KATAKANA", "KHMER", "LAO", "MYANMAR", "THAI", "TIBETAN")
)
"""First words of the Unicode names of characters of scripts that put no space between words."""


def word_numbers(alignment: Alignment, texts: Sequence[str]) -> tuple[int | None, ...]:
    """For each token the number of its word, from 0 without gaps; None for special tokens.

    A word ends where the tokenizer says so and at every space; a space counts to the word after it. In scripts without
    spaces each token is a word, as far as tokens do not cut a character.

    Args:
        alignment: where the tokens stand.
        texts: the texts that they stand in.
    """
    numbers: list[int | None] = []
    latest = -1
    before: int | None = None
    for position, text in enumerate(alignment.texts):
        if text is None:
            numbers.append(None)
            continue
        if before is None or not _continues(alignment, texts[text], before, position):
            latest += 1
        numbers.append(latest)
        before = position
    return tuple(numbers)


def _continues(alignment: Alignment, text: str, before: int, token: int) -> bool:
    """Whether a token belongs to the word of the one before it."""
    if alignment.texts[before] != alignment.texts[token]:
        return False
    (begun, ended), (start, end) = alignment.offsets[before], alignment.offsets[token]
    if start < ended or not text[begun:ended].strip():  # it has a part of the same character, or follows mere space
        return True
    if alignment.words[before] != alignment.words[token]:
        return False
    added = text[ended:end]
    if not added or unicodedata.category(added[0]).startswith("M"):
        return True
    return not added[0].isspace() and not _is_without_spaces(added[0]) and not _is_without_spaces(text[ended - 1])


def _is_without_spaces(character: str) -> bool:
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0] in _WITHOUT_SPACES
