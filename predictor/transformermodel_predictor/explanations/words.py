"""Grouping of tokens into words. Pure.

Tokenizers report words, but differ in what they take for one: some a whole text, and nearly all a whole sentence in
scripts without spaces. Their words are therefore split further.
"""

import unicodedata
from collections.abc import Sequence

from transformermodel_predictor.tasks.task import Alignment

_WITHOUT_SPACES = frozenset(
    ("BOPOMOFO", "CJK", "HIRAGANA", "IDEOGRAPHIC", "KATAKANA", "KHMER", "LAO", "MYANMAR", "THAI", "TIBETAN")
)
"""Scripts without spaces between words, by the first word of their characters' Unicode names."""


def word_numbers(alignment: Alignment, texts: Sequence[str]) -> tuple[int | None, ...]:
    """The index of each token's word, from 0 without gaps; None for special tokens.

    A word ends where the tokenizer says so, and before every space, which belongs to the word after it. In scripts
    without spaces each token is a word, unless it is only part of a character.

    Args:
        alignment: of the tokens.
        texts: the texts that the alignment refers to.
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
    if start < ended or not text[begun:ended].strip():  # part of the same character, or after whitespace only
        return True
    if alignment.words[before] != alignment.words[token]:
        return False
    added = text[ended:end]
    if not added or unicodedata.category(added[0]).startswith("M"):
        return True
    return not added[0].isspace() and not _is_without_spaces(added[0]) and not _is_without_spaces(text[ended - 1])


def _is_without_spaces(character: str) -> bool:
    return unicodedata.name(character, "").partition(" ")[0].partition("-")[0] in _WITHOUT_SPACES
