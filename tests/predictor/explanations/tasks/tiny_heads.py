"""Tiny models with random weights for each task, and running them."""

from collections.abc import Sequence

import torch
from transformers import BertConfig, BertForQuestionAnswering, BertForTokenClassification, PreTrainedModel

from transformermodel_predictor.tasks.task import Encoding, Outputs

TAGS = ("O", "B-PER", "I-PER", "B-LOC", "I-LOC")


def make_tagger(vocabulary: int) -> PreTrainedModel:
    """A model of the classes TAGS for each token."""
    torch.manual_seed(1)
    return BertForTokenClassification(_configuration(vocabulary, len(TAGS))).eval()


def make_reader(vocabulary: int) -> PreTrainedModel:
    """A model of where an answer starts and ends."""
    torch.manual_seed(2)
    return BertForQuestionAnswering(_configuration(vocabulary, 2)).eval()


def run(model: PreTrainedModel, windows: Sequence[Encoding]) -> list[Outputs]:
    """What a model returns for each encoding, without a batch dimension."""
    return [_run(model, encoding) for encoding in windows]


@torch.inference_mode()
def _run(model: PreTrainedModel, encoding: Encoding) -> Outputs:
    outputs = model(**{name: torch.tensor([values]) for name, values in encoding.features.items()})
    return {name: value[0] for name, value in outputs.items() if isinstance(value, torch.Tensor)}


def _configuration(vocabulary: int, classes: int) -> BertConfig:
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,  # so that answers differ visibly
        num_labels=classes,
    )
