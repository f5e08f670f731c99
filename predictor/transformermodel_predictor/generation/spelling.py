"""The exact bytes of single tokens, which may be parts of characters."""

import re

from transformers import PreTrainedTokenizerBase
from transformers.convert_slow_tokenizer import bytes_to_unicode

_REPLACEMENT = "\ufffd"
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
"""A byte token in SentencePiece vocabularies."""
_BYTES = {character: byte for byte, character in bytes_to_unicode().items()}  # type: ignore[no-untyped-call]
"""The byte that each character of a token stands for, in byte-level vocabularies."""


class Spelling:
    """Spells single tokens, as within a text.

    Args:
        tokenizer: only read; may be in use elsewhere.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, bytes] = {}

    def __call__(self, token: int) -> bytes:
        """The bytes of a token, in UTF-8; of a special token its name."""
        if token not in self._known:
            self._known[token] = self._spell(token)
        return self._known[token]

    def _spell(self, token: int) -> bytes:
        """Decode the token after itself: at the start of a text it would lose its leading space."""
        text = self._decoded([token, token])[len(self._decoded([token])) :]
        if _REPLACEMENT not in text:
            return text.encode()
        name = str(self._tokenizer.convert_ids_to_tokens(token))
        if byte := _BYTE.fullmatch(name):
            return bytes.fromhex(byte[1])
        if all(character in _BYTES for character in name):
            return bytes(_BYTES[character] for character in name)
        return text.encode()

    def _decoded(self, tokens: list[int]) -> str:
        return str(self._tokenizer.decode(tokens, clean_up_tokenization_spaces=False))
