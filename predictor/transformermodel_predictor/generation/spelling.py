"""What single tokens write, to the byte: a token may be part of a character."""

import re

from transformers import PreTrainedTokenizerBase
from transformers.convert_slow_tokenizer import bytes_to_unicode

_REPLACEMENT = "\ufffd"
_BYTE = re.compile(r"<0x([0-9A-F]{2})>")
"""The name of a token that stands for one byte, in vocabularies of SentencePiece."""
_BYTES = {character: byte for byte, character in bytes_to_unicode().items()}  # type: ignore[no-untyped-call]
"""The bytes that characters of a token's name stand for, in byte-level vocabularies."""


class Spelling:
    """Writes tokens one by one, as they stand behind others.

    Args:
        tokenizer: only read; it may be in use elsewhere.
    """

    def __init__(self, tokenizer: PreTrainedTokenizerBase) -> None:
        self._tokenizer = tokenizer
        self._known: dict[int, bytes] = {}

    def __call__(self, token: int) -> bytes:
        """What a token writes, in UTF-8; a special token writes its name."""
        if token not in self._known:
            self._known[token] = self._spell(token)
        return self._known[token]

    def _spell(self, token: int) -> bytes:
        """Behind itself: the beginning of a text is written differently, without a space for one."""
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
