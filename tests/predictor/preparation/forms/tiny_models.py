"""Models of every architecture with a few thousand random weights, as preparation has them in memory."""

import inspect
from typing import Any

import torch
import transformers
from transformers import BertTokenizer, PreTrainedConfig, PreTrainedModel

from transformermodel_predictor.artifact.configuration import ModelConfiguration
from transformermodel_predictor.preparation.merge import Merged
from transformermodel_predictor.tasks.task import Encoding

VOCABULARY = 50
MAX_LENGTH = 40
PAD = 1

_WORDS = ("[UNK]", "[PAD]", "[CLS]", "[SEP]", "[MASK]", *(f"word{index}" for index in range(5, VOCABULARY)))
_USUAL: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "max_position_embeddings": MAX_LENGTH + 2,  # RoBERTa and its relatives leave two of them unused
    "pad_token_id": PAD,
    "initializer_range": 0.3,  # so that outputs differ visibly
}

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "bert": _USUAL,
    "distilbert": {
        "vocab_size": VOCABULARY,
        "dim": 32,
        "hidden_dim": 64,
        "n_layers": 1,
        "n_heads": 2,
        "max_position_embeddings": MAX_LENGTH,
        "pad_token_id": PAD,
        "initializer_range": 0.3,
    },
    "roberta": _USUAL,
    "xlm-roberta": _USUAL,
    "electra": _USUAL,
    "albert": {**_USUAL, "embedding_size": 16},
    "deberta-v2": {
        **_USUAL,
        "relative_attention": True,
        "position_buckets": 8,
        "pos_att_type": ["p2c", "c2p"],
        "type_vocab_size": 0,
        "share_att_key": True,
        "norm_rel_ebd": "layer_norm",
        "position_biased_input": False,
    },
    "modernbert": {
        **_USUAL,
        "num_hidden_layers": 2,  # one sees all tokens, one its neighbours
        "global_attn_every_n_layers": 2,
        "local_attention": 8,
        "bos_token_id": 2,
        "cls_token_id": 2,
        "eos_token_id": 3,
        "sep_token_id": 3,
    },
    "mpnet": _USUAL,
    "gpt2": {
        "vocab_size": VOCABULARY,
        "n_positions": MAX_LENGTH,
        "n_embd": 32,
        "n_layer": 1,
        "n_head": 2,
        "pad_token_id": PAD,
        "bos_token_id": 2,
        "eos_token_id": 3,
        "initializer_range": 0.3,
    },
    "llama": _USUAL,
}

END = 3
SEEKING_ENDS: dict[str, dict[str, Any]] = {
    "bart": {
        "vocab_size": VOCABULARY,
        "d_model": 32,
        "encoder_layers": 1,
        "decoder_layers": 1,
        "encoder_attention_heads": 2,
        "decoder_attention_heads": 2,
        "encoder_ffn_dim": 64,
        "decoder_ffn_dim": 64,
        "max_position_embeddings": MAX_LENGTH,
        "pad_token_id": PAD,
        "bos_token_id": 2,
        "eos_token_id": END,
        "decoder_start_token_id": END,
        "init_std": 0.3,
    },
    "t5": {
        "vocab_size": VOCABULARY,
        "d_model": 32,
        "d_kv": 16,
        "d_ff": 64,
        "num_layers": 1,
        "num_heads": 2,
        "pad_token_id": PAD,
        "eos_token_id": END,
        "decoder_start_token_id": PAD,
    },
}
"""Classifiers that look for the token at which a text ends."""

HEADS = {
    "SequenceClassification": "AutoModelForSequenceClassification",
    "TokenClassification": "AutoModelForTokenClassification",
    "QuestionAnswering": "AutoModelForQuestionAnswering",
}


def tiny_model(architecture: str, head: str = "SequenceClassification", **configuration: Any) -> PreTrainedModel:
    """A model with random weights, always the same."""
    known = {**ARCHITECTURES, **SEEKING_ENDS}
    settings = {**known[architecture], "num_labels": 2 if head == "QuestionAnswering" else 3}
    config: PreTrainedConfig = transformers.AutoConfig.for_model(architecture, **{**settings, **configuration})
    torch.manual_seed(0)
    model: PreTrainedModel = getattr(transformers, HEADS[head]).from_config(config)
    return model.eval()


def merged(model: PreTrainedModel, max_length: int = MAX_LENGTH) -> Merged:
    """A model with a tokenizer and three labels."""
    tokenizer = BertTokenizer(vocab={word: index for index, word in enumerate(_WORDS)})
    configuration = ModelConfiguration(max_length=max_length, num_labels=3)
    return Merged(model, tokenizer, ("NEGATIVE", "NEUTRAL", "POSITIVE"), max_length, configuration)


def rows(*lengths: int) -> list[Encoding]:
    """Encodings of these lengths: a first text and a second one, without special tokens."""
    return [
        Encoding(
            {
                "input_ids": [5 + (7 * index + length) % (VOCABULARY - 5) for index in range(length)],
                "token_type_ids": [int(2 * index >= length) for index in range(length)],
            }
        )
        for length in lengths
    ]


def ended(row: Encoding, ends: int) -> Encoding:
    """A row whose last tokens are so many that end a text."""
    tokens = [END] * ends
    return Encoding({**row.features, "input_ids": [*row.features["input_ids"], *tokens][-MAX_LENGTH:]})


@torch.inference_mode()
def eager(model: PreTrainedModel, batch: list[Encoding]) -> list[dict[str, torch.Tensor]]:
    """What transformers' own model gives for each row alone: no padding, no batch, no form."""
    types = "token_type_ids" in inspect.signature(model.forward).parameters
    given = []
    for encoding in batch:
        features = {"input_ids": torch.tensor([encoding.features["input_ids"]])}
        if types:
            features["token_type_ids"] = torch.tensor([encoding.features["token_type_ids"]])
        output = model(**features)
        given.append({name: value[0].float() for name, value in output.items() if name.endswith("logits")})
    return given
