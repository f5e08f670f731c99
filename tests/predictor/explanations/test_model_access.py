"""Which token stands for one that is not there."""

from pathlib import Path

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from tests.predictor.tiny import save_tiny_checkpoint
from transformermodel_predictor.explanations.explanation import Baseline
from transformermodel_predictor.explanations.model_access import baseline_tokens_of


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> PreTrainedTokenizerBase:
    path: Path = save_tiny_checkpoint(tmp_path_factory.mktemp("tiny"))
    loaded: PreTrainedTokenizerBase = AutoTokenizer.from_pretrained(path)
    return loaded


def test_the_tokenizers_own(tokenizer: PreTrainedTokenizerBase) -> None:
    found = baseline_tokens_of(tokenizer, "bert")
    assert found == {Baseline.Pad: tokenizer.pad_token_id, Baseline.Mask: tokenizer.mask_token_id}


def test_no_padding_where_it_would_move_the_tokens_after_it(tokenizer: PreTrainedTokenizerBase) -> None:
    assert baseline_tokens_of(tokenizer, "xlm-roberta")[Baseline.Pad] == tokenizer.unk_token_id


def test_a_tokenizer_without_padding_and_mask(tokenizer: PreTrainedTokenizerBase) -> None:
    tokenizer.pad_token = tokenizer.mask_token = None
    assert baseline_tokens_of(tokenizer, "gpt2") == {Baseline.Pad: tokenizer.unk_token_id}
