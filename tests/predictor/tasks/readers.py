"""Tiny models that answer questions, of architectures and tokenizers that differ in where special tokens stand."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import ascii_lowercase

import torch
from tokenizers import pre_tokenizers
from transformers import (
    AutoModelForQuestionAnswering,
    BertConfig,
    BertTokenizer,
    FunnelConfig,
    FunnelTokenizer,
    LongformerConfig,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    RobertaConfig,
    RobertaTokenizer,
    XLNetConfig,
    XLNetTokenizer,
)

from tests.predictor.tiny import CANDIDATE
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE, ModelConfiguration
from transformermodel_predictor.artifact.directory import Artifact, seal
from transformermodel_predictor.artifact.manifest import Provenance

MAX_LENGTH = 48

_LETTERS = [*ascii_lowercase, "?", "."]
_SIZES = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,  # so that answers differ visibly
}
_FUNNEL = {"block_sizes": [1, 1, 1], "num_decoder_layers": 1, "d_model": 32, "n_head": 2, "d_head": 16, "d_inner": 48}
_XLNET = {"d_model": 32, "n_layer": 2, "n_head": 2, "d_inner": 48, "initializer_range": 0.3}


@dataclass(frozen=True)
class Reader:
    """An architecture.

    Attributes:
        tokenizer: makes its tokenizer, of single letters or bytes.
        configuration: makes the model's configuration for so many tokens.
        separator: how its separator is spelled.
    """

    tokenizer: Callable[[], PreTrainedTokenizerBase]
    configuration: Callable[[int], PreTrainedConfig]
    separator: str

    @cache  # noqa: B019 - there are a few, and they stay
    def model(self) -> PreTrainedModel:
        """With random weights, in evaluation mode."""
        torch.manual_seed(3)
        model: PreTrainedModel = AutoModelForQuestionAnswering.from_config(self.configuration(len(self.tokenizer())))
        return model.eval()

    def artifact(self, folder: Path) -> Artifact:
        """As preparation would publish it."""
        self.model().save_pretrained(folder)
        self.tokenizer().save_pretrained(folder)
        configuration = ModelConfiguration(mode="question_answering", max_length=MAX_LENGTH, num_labels=0)
        (folder / CONFIGURATION_FILE).write_text(configuration.text(), encoding="utf-8")
        return seal(
            folder,
            Provenance(
                candidate=CANDIDATE, source="file://tiny", commit="0123456", adapter=None, libraries={}, pipeline=1
            ),
        )


def _numbered(*special: str) -> dict[str, int]:
    pieces = [*special, *_LETTERS, *(f"##{letter}" for letter in _LETTERS)]
    return {piece: number for number, piece in enumerate(pieces)}


def _bert() -> PreTrainedTokenizerBase:
    return BertTokenizer(vocab=_numbered("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"))


def _funnel() -> PreTrainedTokenizerBase:
    return FunnelTokenizer(vocab=_numbered("<unk>", "<sep>", "<pad>", "<cls>", "<mask>", "<s>", "</s>"))


def _roberta() -> PreTrainedTokenizerBase:
    pieces = ["<s>", "<pad>", "</s>", "<unk>", "<mask>", *sorted(pre_tokenizers.ByteLevel.alphabet())]
    return RobertaTokenizer(vocab={piece: number for number, piece in enumerate(pieces)}, merges=[])


def _xlnet() -> PreTrainedTokenizerBase:
    special = ("<unk>", "<s>", "</s>", "<cls>", "<sep>", "<pad>", "<mask>", "<eod>", "<eop>")
    return XLNetTokenizer(vocab=[*((piece, 0.0) for piece in special), *((piece, -3.0) for piece in ("▁", *_LETTERS))])


READERS = {
    "BERT": Reader(_bert, lambda tokens: BertConfig(vocab_size=tokens, **_SIZES), "[SEP]"),
    "RoBERTa": Reader(_roberta, lambda tokens: RobertaConfig(vocab_size=tokens, **_SIZES), "</s>"),
    "Longformer": Reader(
        _roberta,
        lambda tokens: LongformerConfig(vocab_size=tokens, attention_window=8, sep_token_id=2, **_SIZES),
        "</s>",
    ),
    "Funnel": Reader(
        _funnel,
        lambda tokens: FunnelConfig(vocab_size=tokens, pad_token_id=2, initializer_std=0.3, **_FUNNEL),
        "<sep>",
    ),
    "XLNet": Reader(_xlnet, lambda tokens: XLNetConfig(vocab_size=tokens, pad_token_id=5, **_XLNET), "<sep>"),
}
