"""Text comes as soon as it is certain, and never half a character."""

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import TokenizersBackend

from transformermodel_predictor.generation.detokenizer import Detokenizer

TEXTS = (
    "the quick brown fox",
    "Größe, 東京 and naïve café 😀 — 👩‍👩‍👧 family",
    "  two spaces\n\nand lines\t",
    "🇩🇪🇯🇵" * 20,
    "a" * 200,
)


@pytest.fixture(scope="module")
def with_byte_fallback() -> TokenizersBackend:
    """In the manner of sentencepiece: words with a mark in front, and a token for every byte."""
    pieces = {"<unk>": 0, **{f"<0x{byte:02X}>": byte + 1 for byte in range(256)}}
    for word in ("▁", "▁the", "▁fox", "▁a", "b", "c"):
        pieces[word] = len(pieces)
    tokenizer = Tokenizer(models.BPE(vocab=pieces, merges=[], byte_fallback=True, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    return TokenizersBackend(tokenizer_object=tokenizer, unk_token="<unk>")


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize("kind", ["tokenizer", "with_byte_fallback"])
def test_the_parts_are_the_whole_and_never_half_a_character(
    text: str, kind: str, request: pytest.FixtureRequest
) -> None:
    tokenizer = request.getfixturevalue(kind)
    prompt, tokens = tokenizer("the fox")["input_ids"], tokenizer(text)["input_ids"]
    detokenizer = Detokenizer(tokenizer, prompt)

    parts = [detokenizer.feed(token) for token in tokens]

    assert "".join(parts) == tokenizer.decode([*prompt, *tokens])[len(tokenizer.decode(prompt)) :]
    assert not any("\ufffd" in part for part in parts)
    assert len(tokens) < 2 * len(text) + 2 or any(part == "" for part in parts)


def test_the_space_before_the_first_word_is_kept(with_byte_fallback: TokenizersBackend) -> None:
    vocabulary = with_byte_fallback.get_vocab()
    detokenizer = Detokenizer(with_byte_fallback, [vocabulary["▁the"]])

    assert detokenizer.feed(vocabulary["▁fox"]) == " fox"


def test_special_tokens_are_not_written(tokenizer: TokenizersBackend) -> None:
    detokenizer = Detokenizer(tokenizer, [tokenizer.bos_token_id])

    assert detokenizer.feed(tokenizer.eos_token_id) == ""


def test_bytes_that_are_no_character_do_not_hold_up_what_follows(tokenizer: TokenizersBackend) -> None:
    lone = tokenizer("京")["input_ids"][0]
    detokenizer = Detokenizer(tokenizer, tokenizer("a")["input_ids"])

    parts = [detokenizer.feed(token) for token in [lone] * 9 + tokenizer("fox")["input_ids"]]

    assert "".join(parts) == "\ufffd" * 9 + "fox"
