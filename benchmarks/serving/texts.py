"""Texts with the lengths that requests have: many short ones, some long ones."""

import json
import random
from collections.abc import Sequence
from pathlib import Path

from transformers import PreTrainedTokenizerBase

_MEDIAN, _SPREAD = 35.0, 0.55
_LONG_SHARE, _LONG = 0.12, (130, 254)
_SHORTEST = 3


def lengths(count: int, seed: int) -> list[int]:
    """Lengths in words: log-normal, and 12 % long.

    With the special tokens the median is 39 tokens, the mean 60, nine of ten are below 156, and none is over 256.
    """
    drawn = random.Random(seed)  # noqa: S311 - the same texts in every run
    return [
        drawn.randint(*_LONG)
        if drawn.random() < _LONG_SHARE
        else max(_SHORTEST, min(_LONG[1], round(drawn.lognormvariate(0.0, _SPREAD) * _MEDIAN)))
        for _ in range(count)
    ]


def make_texts(tokenizer: PreTrainedTokenizerBase, count: int, seed: int = 0) -> list[str]:
    """Texts of words that are one token each, drawn at random: their lengths are what matters here, not their sense."""
    words = sorted(word for word in tokenizer.get_vocab() if word.isascii() and word.isalpha() and len(word) > 1)
    drawn = random.Random(seed)  # noqa: S311
    return [" ".join(drawn.choices(words, k=length)) for length in lengths(count, seed)]


def write_requests(texts: Sequence[str], input_name: str, path: Path) -> Path:
    """V2 requests with one text each, a line per request."""
    tensors = [{"name": input_name, "shape": [1], "datatype": "BYTES", "data": [text]} for text in texts]
    path.write_text("".join(json.dumps({"inputs": [tensor]}) + "\n" for tensor in tensors))
    return path


def write_lines(texts: Sequence[str], path: Path) -> Path:
    """The bare texts, a line each."""
    path.write_text("".join(f"{text}\n" for text in texts))
    return path
