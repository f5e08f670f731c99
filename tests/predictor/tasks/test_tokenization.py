"""Texts to token ids: the direct way to the `tokenizers` library gives what transformers' own gives."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import BertTokenizer, PreTrainedTokenizerBase, TokenizersBackend
from transformers.models.bert.tokenization_bert_legacy import BertTokenizerLegacy

from transformermodel_predictor.tasks.task import Alignment
from transformermodel_predictor.tasks.tokenization import TextAndPair, encode_aligned, encode_texts, is_direct

SENTENCES = [
    "the quick brown fox jumps over the lazy dog",
    "Größe, 東京 and naïve café 😀",
    "once upon a time there was",
]
SPECIAL = ["<unk>", "<s>", "</s>", "<pad>"]
ODD = ["[SEP]", "[MASK]", " ", "\u200b", "a\x00b", "e\u0301"]
LONG = "a b c d e f g h i j the quicker fox " * 3
MAX_LENGTH = 12


def word_piece() -> TokenizersBackend:
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "the", "quick", "##er", "fox", "!", *"abcdefghij"]
    return BertTokenizer(vocab={word: number for number, word in enumerate(words)})


def byte_level_bpe() -> TokenizersBackend:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(SENTENCES, trainer)
    return framed(tokenizer, model_input_names=["input_ids", "attention_mask"])


def unigram() -> TokenizersBackend:
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.normalizer = normalizers.NFKC()
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.train_from_iterator(
        SENTENCES,
        trainers.UnigramTrainer(vocab_size=60, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False),
    )
    tokenizer.enable_padding(length=40)  # as some are stored with their model
    tokenizer.enable_truncation(5)
    return framed(tokenizer, split_special_tokens=True)


def cutting_beginnings() -> TokenizersBackend:
    tokenizer = word_piece()
    tokenizer.truncation_side = "left"
    return tokenizer


def without_special_tokens() -> TokenizersBackend:
    tokenizer = byte_level_bpe()
    tokenizer.backend_tokenizer.post_processor = processors.ByteLevel()
    return tokenizer


def ending_with_two() -> TokenizersBackend:
    tokenizer = byte_level_bpe()
    tokenizer.backend_tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s> </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", 2)]
    )
    return tokenizer


def framed(tokenizer: Tokenizer, **settings: Any) -> TokenizersBackend:
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", pair="<s> $A </s> $B:1 </s>:1", special_tokens=[("<s>", 1), ("</s>", 2)]
    )
    names = dict(zip(("unk_token", "bos_token", "eos_token", "pad_token"), SPECIAL, strict=True))
    return TokenizersBackend(tokenizer_object=tokenizer, **names, **settings)


class Shouting(TokenizersBackend):
    """A class that changes its texts, as a few in transformers do."""

    def _encode_plus(self, text: list[str], *arguments: Any, **settings: Any) -> Any:
        return super()._encode_plus([f"{part}!" for part in text], *arguments, **settings)


KINDS = {
    kind.__name__: cache(kind)
    for kind in (word_piece, byte_level_bpe, unigram, cutting_beginnings, without_special_tokens, ending_with_two)
}

odd_texts = st.lists(
    st.text(max_size=12) | st.sampled_from([*SENTENCES, *SPECIAL, *ODD]),
    max_size=4,
).map(" ".join)
rows_of_texts = st.lists(st.tuples(odd_texts, st.none() | odd_texts), min_size=1, max_size=5)


def as_transformers_says(tokenizer: PreTrainedTokenizerBase, row: TextAndPair) -> dict[str, list[int]]:
    text, pair = row
    encoded = tokenizer([text], None if pair is None else [pair], truncation="longest_first", max_length=MAX_LENGTH)
    return {name: values[0] for name, values in encoded.items() if name != "attention_mask"}


def ids(tokenizer: PreTrainedTokenizerBase, rows: list[TextAndPair]) -> list[Any]:
    return [encoding.features["input_ids"] for encoding in encode_texts(tokenizer, rows, MAX_LENGTH)]


@pytest.mark.parametrize("kind", KINDS)
@given(rows=rows_of_texts)
@settings(max_examples=60)
def test_every_text_and_pair_becomes_what_the_tokenizers_own_call_makes_of_it(
    kind: str, rows: list[TextAndPair]
) -> None:
    tokenizer = KINDS[kind]()
    assert is_direct(tokenizer)

    encodings = encode_texts(tokenizer, rows, MAX_LENGTH)

    assert [encoding.features for encoding in encodings] == [as_transformers_says(tokenizer, row) for row in rows]
    whole = encode_aligned(tokenizer, rows)
    assert [len(encoding) + encoding.truncated for encoding in encodings] == [len(encoding) for encoding in whole]


@pytest.mark.parametrize("kind", KINDS)
def test_a_text_that_was_cut_changes_nothing_for_those_after_it(kind: str) -> None:
    tokenizer = KINDS[kind]()
    short: TextAndPair = ("the fox", None)

    before = encode_texts(tokenizer, [short], MAX_LENGTH)
    (cut,) = encode_texts(tokenizer, [("a b c " * 20, None)], MAX_LENGTH)

    assert (len(cut), cut.truncated > 0) == (MAX_LENGTH, True)
    assert encode_texts(tokenizer, [short], MAX_LENGTH) == before
    assert encode_texts(tokenizer, [("a b c " * 20, None)], 1000)[0].truncated == 0


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_cut_keeps_the_alignment_of_what_is_left(kind: str) -> None:
    tokenizer = KINDS[kind]()

    (cut,) = encode_texts(tokenizer, [(LONG, "the fox")], MAX_LENGTH, aligned=True)

    (details,) = tokenizer([LONG], ["the fox"], truncation="longest_first", max_length=MAX_LENGTH).encodings or []
    assert cut.alignment == Alignment(details.sequence_ids, details.offsets, details.word_ids, details.tokens)


@pytest.mark.parametrize("pair", [None, "the fox", LONG])
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_too_long_is_tokenized_once_and_cut_by_us(
    kind: str, pair: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A tokenizer that cuts makes pieces of what it cuts off, of a pair as many as fill any memory."""
    tokenizer, row = KINDS[kind](), (LONG, pair)
    expected = as_transformers_says(tokenizer, row)
    monkeypatch.setattr(TokenizersBackend, "_encode_plus", lambda *_, **__: pytest.fail("tokenized once more"))
    monkeypatch.setattr(f"{is_direct.__module__}.is_direct", lambda _: True)

    (cut,) = encode_texts(tokenizer, [row], MAX_LENGTH)

    assert cut.features == expected
    assert cut.truncated > MAX_LENGTH


def test_a_class_that_changes_its_texts_is_called_itself() -> None:
    plain = byte_level_bpe()
    shouting = Shouting(tokenizer_object=plain.backend_tokenizer)

    assert not is_direct(shouting)
    assert ids(shouting, [("fox", None)]) == [plain("fox!")["input_ids"]]


def test_a_tokenizer_written_in_python_is_called_itself(tmp_path: Path) -> None:
    vocabulary = tmp_path / "vocab.txt"
    vocabulary.write_text("\n".join(word_piece().convert_ids_to_tokens(range(20))), encoding="utf-8")
    slow = BertTokenizerLegacy(str(vocabulary))

    assert not is_direct(slow)
    rows: list[TextAndPair] = [("the quicker fox!", None), ("the", "a fox"), ("fox " * 30, None)]
    assert ids(slow, rows) == ids(word_piece(), rows)
