"""Tokens to text, as they come, never half a character."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

_CONTEXT = 6
"""Tokens before a new one that decide how it is written, such as whether a space comes before it."""
_FURTHEST = 16
_REPLACEMENT = "\ufffd"
_LONGEST_BEGINNING = 3
"""Bytes that may be the beginning of a character in UTF-8; each decodes to one replacement character at most."""
_PATIENCE = 8
"""So many tokens that still end in no character are no beginning of one: what they are is told as it is."""


class Detokenizer:
    """The text of one sequence, token by token.

    What it returns, put together, is what the tokenizer makes of all tokens at once, without special tokens and
    without the beginning of a character that never ended.

    Only the last tokens are decoded each time. They begin where a character begins: some tokenizers write a run of
    bytes as text only if all of it is.

    Args:
        tokenizer: only read; it may be in use elsewhere.
        prompt: the tokens before the first that is fed.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._window = self._end_of(prompt)
        self._told = len(self._decoded())
        self._border = len(self._window)
        """A place in the window, some tokens back, at which a character ended."""
        self._held = 0

    def feed(self, token: int) -> str:
        """The text that a token adds; empty while a character is not complete."""
        self._window.append(token)
        self._held += 1
        text = self._decoded()
        whole = not text.endswith(_REPLACEMENT)
        if not whole and self._held <= _PATIENCE:
            return ""
        complete = len(text) if whole else _certain(text)
        new = text[self._told : complete]
        self._told = max(self._told, complete)
        if whole:
            self._held = 0
            self._move_on()
        return new

    def _move_on(self) -> None:
        """Forget the tokens before the border when there are enough behind it."""
        if len(self._window) - self._border < _CONTEXT:
            return
        self._window = self._window[self._border :]
        self._border = len(self._window)
        self._told = len(self._decoded())

    def _end_of(self, prompt: Sequence[int]) -> list[int]:
        for size in range(_CONTEXT, _FURTHEST):
            self._window = list(prompt[-size:])
            if _REPLACEMENT not in self._decoded():
                break
        return self._window

    def _decoded(self) -> str:
        text = self._tokenizer.decode(self._window, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(text)


def _certain(text: str) -> int:
    """How much of a text that ends in no character cannot be the beginning of one."""
    beginning = len(text) - len(text.rstrip(_REPLACEMENT))
    return len(text) - min(beginning, _LONGEST_BEGINNING)
