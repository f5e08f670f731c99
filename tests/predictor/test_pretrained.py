from collections.abc import Sized
from copy import deepcopy
from pathlib import Path

import pytest
from transformers import BertTokenizerFast, GPT2TokenizerFast, PreTrainedTokenizerFast

from transformermodel_predictor.pretrained import load_pretrained_tokenizer, may_take_attention

WORDS = {
    token: number for number, token in enumerate(["[UNK]", "[CLS]", "[SEP]", "[PAD]", "[MASK]", *"abcdefghij", "ab"])
}
MERGES = [("a", "b")]


@pytest.mark.parametrize("architecture", ["bert", "distilbert", "roberta", "electra", "albert", "modernbert"])
def test_architectures_that_leave_attention_open_may_be_given_another(architecture: str) -> None:
    assert may_take_attention(architecture)


@pytest.mark.parametrize("architecture", ["deberta", "deberta-v2", "mpnet"])
def test_architectures_with_an_attention_of_their_own_may_not(architecture: str) -> None:
    assert not may_take_attention(architecture)


@pytest.mark.parametrize("architecture", ["", "nobody-knows"])
def test_of_an_architecture_that_nobody_knows_nothing_is_known(architecture: str) -> None:
    assert may_take_attention(architecture)


@pytest.mark.parametrize(
    "built", [BertTokenizerFast(vocab=WORDS), GPT2TokenizerFast(vocab=WORDS, merges=MERGES)], ids=["WordPiece", "BPE"]
)
def test_a_tokenizer_holds_its_vocabulary_once(built: PreTrainedTokenizerFast, tmp_path: Path) -> None:
    def copies(tokenizer: object) -> list[str]:
        return [
            name for name, value in vars(tokenizer).items() if isinstance(value, Sized) and len(value) == len(WORDS)
        ]

    assert copies(built)
    built.save_pretrained(tmp_path / "one")
    loaded = load_pretrained_tokenizer(tmp_path / "one")
    assert copies(loaded) == []
    loaded.save_pretrained(tmp_path / "two")
    for tokenizer in (loaded, deepcopy(loaded), load_pretrained_tokenizer(tmp_path / "two")):
        assert tokenizer("ab c")["input_ids"] == built("ab c")["input_ids"]
        assert tokenizer.get_vocab() == built.get_vocab()
