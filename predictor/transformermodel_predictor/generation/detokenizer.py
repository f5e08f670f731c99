"""Streaming detokenization: tokens to text, never half a character."""

from collections.abc import Sequence

from transformers import PreTrainedTokenizerBase

_CONTEXT = 6
"""Preceding tokens that influence how a token is decoded, such as whether a space comes before it."""
_LONGEST_CONTEXT = 16
_REPLACEMENT = "\ufffd"
_LONGEST_PREFIX = 3
"""Bytes of an incomplete UTF-8 character; each decodes to at most one replacement character."""
_LONGEST_WAIT = 8
"""After this many tokens without a complete character, replacement characters are emitted as they are."""


class Detokenizer:
    """Decodes one sequence token by token.

    The returned strings concatenate to the tokenizer's decoding of all tokens, without special tokens and without an
    incomplete character at the end.

    Only a window of the last tokens is decoded each time. It starts at a character boundary, since some tokenizers
    decode a run of byte tokens only as a whole.

    Args:
        tokenizer: only read; may be in use elsewhere.
        prompt: the tokens before the first one fed.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase, prompt: Sequence[int]) -> None:
        self._tokenizer = tokenizer
        self._window = self._end_of(prompt)
        self._emitted = len(self._decoded())
        """Code points of the window's text that have been returned."""
        self._boundary = len(self._window)
        """Index in the window of a token that starts a character."""
        self._incomplete = 0
        """Tokens since the last complete character."""

    def feed(self, token: int) -> str:
        """The text that a token adds; empty while a character is incomplete."""
        self._window.append(token)
        self._incomplete += 1
        text = self._decoded()
        is_complete = not text.endswith(_REPLACEMENT)
        if not is_complete and self._incomplete <= _LONGEST_WAIT:
            return ""
        end = len(text) if is_complete else _complete_length(text)
        new = text[self._emitted : end]
        self._emitted = max(self._emitted, end)
        if is_complete:
            self._incomplete = 0
            self._move_window()
        return new

    def _move_window(self) -> None:
        """Drop the tokens before the boundary once there is enough context after it."""
        if len(self._window) - self._boundary < _CONTEXT:
            return
        self._window = self._window[self._boundary :]
        self._boundary = len(self._window)
        self._emitted = len(self._decoded())

    def _end_of(self, prompt: Sequence[int]) -> list[int]:
        """The last tokens of the prompt, from the start of a character if one is near."""
        for size in range(_CONTEXT, _LONGEST_CONTEXT):
            self._window = list(prompt[-size:])
            if _REPLACEMENT not in self._decoded():
                break
        return self._window

    def _decoded(self) -> str:
        text = self._tokenizer.decode(self._window, skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return str(text)


def _complete_length(text: str) -> int:
    """Length of a text without replacement characters at its end that may still become a character."""
    prefix = len(text) - len(text.rstrip(_REPLACEMENT))
    return len(text) - min(prefix, _LONGEST_PREFIX)
