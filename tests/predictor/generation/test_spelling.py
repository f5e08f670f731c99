"""What tokens write one by one, put together, is what the tokenizer writes of all."""

import pytest
from tokenizers import Tokenizer, decoders, models, normalizers
from transformers import TokenizersBackend

from transformermodel_predictor.generation.spelling import Spelling


@pytest.fixture(scope="module")
def pieces() -> TokenizersBackend:
    """A vocabulary as SentencePiece has it, with single bytes for what it does not know."""
    names = ["<unk>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), "▁", "▁the", "▁fox", "es", "▁thefox"]
    merges = [("▁the", "fox")]
    model = models.BPE(vocab={name: i for i, name in enumerate([*names, "fox"])}, merges=merges, byte_fallback=True)
    made = Tokenizer(model)
    made.normalizer = normalizers.Replace(" ", "▁")
    made.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return TokenizersBackend(tokenizer_object=made, unk_token="<unk>", eos_token="</s>")


@pytest.mark.parametrize("text", ["the quick fox", "Größe, 東京 and naïve café 😀", "a\ufffdb"])
def test_tokens_of_bytes_together_are_the_text(text: str, tokenizer: TokenizersBackend) -> None:
    spelling = Spelling(tokenizer)

    spelled = [spelling(token) for token in tokenizer(text)["input_ids"]]

    assert b"".join(spelled).decode() == text


def test_the_space_before_a_word_belongs_to_its_token(pieces: TokenizersBackend) -> None:
    tokens = pieces.convert_tokens_to_ids(["▁the", "▁fox", "es"])

    assert [Spelling(pieces)(token) for token in tokens] == [b" the", b" fox", b"es"]


def test_a_byte_is_a_byte(pieces: TokenizersBackend) -> None:
    tokens = pieces.convert_tokens_to_ids(["<0xF0>", "<0x9F>", "<0x98>", "<0x80>", "<0x41>"])

    assert [Spelling(pieces)(token) for token in tokens] == [b"\xf0", b"\x9f", b"\x98", b"\x80", b"A"]


def test_a_special_token_is_its_name(pieces: TokenizersBackend, tokenizer: TokenizersBackend) -> None:
    assert Spelling(pieces)(1) == Spelling(tokenizer)(2) == b"</s>"
