"""Splits texts into words and n-grams."""

import re
from collections.abc import Callable, Iterator, Sequence

_APART = re.compile(r"(['.,()!?])")
_LEFT_OUT = str.maketrans({'"': "", ";": " ", ":": " "})
_LINE_BREAK = "<br />"

Tokenizer = Callable[[str], Sequence[str]]
"""Splits a text into its tokens."""


def get_tokenizer(tokenizer: str | Tokenizer | None, language: str = "en") -> Tokenizer:
    """A tokenizer by its name.

    Args:
        tokenizer: `basic_english`; None splits at spaces; a function is returned as it is.
        language: the texts' language.

    Raises:
        ValueError: no tokenizer has this name for this language.
    """
    if tokenizer is None:
        return str.split
    if callable(tokenizer):
        return tokenizer
    if tokenizer == "basic_english" and language == "en":
        return _basic_english
    raise ValueError(
        f"there is no tokenizer {tokenizer!r} for {language!r}: give basic_english, or a function of your own"
    )


def _basic_english(line: str) -> list[str]:
    """Lower-case words and punctuation marks."""
    text = line.lower().replace(_LINE_BREAK, " ").translate(_LEFT_OUT)
    return _APART.sub(r" \1 ", text).split()


def ngrams_iterator(token_list: Sequence[str], ngrams: int) -> Iterator[str]:
    """All tokens, then all bigrams, and so on up to n-grams, joined with spaces."""
    for length in range(1, ngrams + 1):
        for start in range(len(token_list) - length + 1):
            yield " ".join(token_list[start : start + length])
