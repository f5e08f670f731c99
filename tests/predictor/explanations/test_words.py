"""Which tokens are one word, whatever the tokenizer takes for one."""

import pytest
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers
from transformers import PreTrainedTokenizerBase, TokenizersBackend

from tests.predictor.tiny_language import make_language_tokenizer
from transformermodel_predictor.explanations.words import word_numbers
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.tasks.tokenization import encode_aligned
from transformermodel_predictor.tasks.windows import alignment_of

PIECES = ("▁", "▁the", "th", "e", "▁東", "東京", "は", "ครั", "บ", "น้", "ำ", "▁e", "́")


def words(tokenizer: PreTrainedTokenizerBase, text: str, pair: str | None = None) -> list[list[str]]:
    """The tokens of each word; special ones belong to none."""
    (encoding,) = encode_aligned(tokenizer, [(text, pair)])
    alignment = alignment_of(encoding)
    numbers = word_numbers(alignment, [text, pair or ""])
    assert [number is None for number in numbers] == [of is None for of in alignment.texts]
    count = max((number for number in numbers if number is not None), default=-1) + 1
    told = list(zip(alignment.tokens, numbers, strict=True))
    return [[token for token, number in told if number == word] for word in range(count)]


@pytest.fixture(scope="module")
def whole_texts() -> PreTrainedTokenizerBase:
    """Pieces with spaces in them and no words at all, as Llama's tokenizer has them."""
    unigram = Tokenizer(models.Unigram([("<unk>", 0.0), *((piece, -1.0) for piece in PIECES)], unk_id=0))
    unigram.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    return TokenizersBackend(tokenizer_object=unigram, unk_token="<unk>")


def test_pieces_and_punctuation_are_as_the_tokenizer_says(tiny_model: LoadedModel) -> None:
    assert words(tiny_model.tokenizer, "I  love this, it was") == [
        ["i"],
        ["love"],
        ["this"],
        ["[UNK]"],
        ["it"],
        ["was"],
    ]


def test_the_words_of_a_pair_are_counted_on(tiny_model: LoadedModel) -> None:
    assert words(tiny_model.tokenizer, "good", "good bad") == [["good"], ["good"], ["bad"]]
    assert words(tiny_model.tokenizer, "", "") == []


def test_a_character_of_several_tokens_is_one_word_and_space_belongs_to_the_next() -> None:
    tokenizer = make_language_tokenizer()
    found = words(tokenizer, "the quick  fox 😀")
    assert found == [["the"], ["Ġqu", "ick"], ["Ġ", "Ġfo", "x"], ["ĠðŁ", "ĺĢ"]]


def test_a_text_that_is_one_word_to_the_tokenizer_is_cut_at_spaces(whole_texts: PreTrainedTokenizerBase) -> None:
    assert words(whole_texts, "the thee  the") == [["▁the"], ["▁the", "e"], ["▁", "▁the"]]


def test_scripts_without_spaces_are_cut_into_tokens(whole_texts: PreTrainedTokenizerBase) -> None:
    assert words(whole_texts, "東京は the") == [["▁", "東京"], ["は"], ["▁the"]]


def test_combining_characters_belong_to_what_they_stand_on(whole_texts: PreTrainedTokenizerBase) -> None:
    assert words(whole_texts, "e\u0301 the") == [["▁e", "\u0301"], ["▁the"]]
    assert words(whole_texts, "ครับน้ำ") == [["▁", "ครั"], ["บ"], ["น้"], ["ำ"]]


def test_bert_takes_chinese_characters_for_words(tiny_model: LoadedModel) -> None:
    spelled = words(tiny_model.tokenizer, "東京 good")
    assert spelled == [["[UNK]"], ["[UNK]"], ["good"]]


def test_words_are_numbered_without_gaps() -> None:
    tokenizer = make_language_tokenizer()
    assert all(words(tokenizer, "  Größe,\n\n東京 naïve café 😀 \t"))


def test_pre_tokenizers_that_split_at_spaces_keep_space_with_its_word() -> None:
    unigram = Tokenizer(models.Unigram([("<unk>", 0.0), *((piece, -1.0) for piece in PIECES)], unk_id=0))
    unigram.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer = TokenizersBackend(tokenizer_object=unigram, unk_token="<unk>")
    assert words(tokenizer, "the  the") == [["▁the"], ["▁", "▁the"]]
