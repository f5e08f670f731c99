"""Tokens to text, as they come, never half a character."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

_CONTEXT = 6
"""Tokens before a new one that decide how it is written: a space before it, or the bytes that begin its character."""
_LONGEST_WINDOW = 24
_REPLACEMENT = "\ufffd"
_LONGEST_BEGINNING = 3
"""Bytes that may be the beginning of a character in UTF-8; each decodes to one replacement character at most."""


class Detokenizer:
    """The text of one sequence, token by token.

    What it returns, put together, is what the tokenizer makes of all tokens at once, without special tokens and
    without the beginning of a character that never ended.

    Args:
        tokenizer: only read; it may be in use elsewhere.
        prompt: the tokens before the first that is fed.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._window = list(prompt[-_CONTEXT:])
        self._told = len(self._decoded())

    def feed(self, token: int) -> str:
        """The text that a token adds; empty while a character is not complete."""
        self._window.append(token)
        text = self._decoded()
        complete = _complete(text)
        new = text[self._told : complete]
        self._told = max(self._told, complete)
        if complete == len(text) and len(self._window) > _LONGEST_WINDOW:
            self._window = self._window[-_CONTEXT:]
            self._told = len(self._decoded())
        return new

    def _decoded(self) -> str:
        text = self._tokenizer.decode(self._window, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(text)


def _complete(text: str) -> int:
    """How much of a text cannot change any more when further bytes come."""
    beginning = len(text) - len(text.rstrip(_REPLACEMENT))
    return len(text) - min(beginning, _LONGEST_BEGINNING)
