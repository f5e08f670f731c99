"""Tiny random models of many architectures."""

from dataclasses import dataclass, field
from typing import Any

import torch
import transformers
from transformers import PreTrainedModel

from transformermodel_predictor.tasks.task import Encoding

VOCABULARY = 99
HEADS = ("ForSequenceClassification", "ForTokenClassification", "ForQuestionAnswering")

_WIDTHS = {
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 48,
    "max_position_embeddings": 96,
}


@dataclass(frozen=True)
class Architecture:
    """A family of models: the prefix of its classes in transformers, and what its configuration needs besides."""

    name: str
    configuration: dict[str, Any] = field(default_factory=dict)
    widths: dict[str, int] = field(default_factory=lambda: dict(_WIDTHS))

    def model(self, head: str, seed: int = 0) -> PreTrainedModel:
        """A random model; its biases are random too, so that nothing is hidden behind zeros."""
        torch.manual_seed(seed)
        labels = 2 if head == "ForQuestionAnswering" else 3
        settings = {"vocab_size": VOCABULARY, "num_labels": labels, "initializer_range": 0.3}
        configuration = getattr(transformers, f"{self.name}Config")(**self.widths, **settings, **self.configuration)
        model: PreTrainedModel = getattr(transformers, f"{self.name}{head}")(configuration).eval()
        for parameter in model.parameters():
            if parameter.ndim == 1:
                torch.nn.init.normal_(parameter, std=0.3)
        return model


DISTILBERT_WIDTHS = {"dim": 32, "hidden_dim": 48, "n_layers": 2, "n_heads": 2, "max_position_embeddings": 96}
MODERNBERT = {"local_attention": 16, "global_attn_every_n_layers": 2, "pad_token_id": 0, "bos_token_id": 1} | {
    "cls_token_id": 1,
    "eos_token_id": 2,
    "sep_token_id": 2,
}

PACKED = (
    Architecture("Albert", {"embedding_size": 16}),
    Architecture("Bert"),
    Architecture("Camembert"),
    Architecture("DistilBert", widths=DISTILBERT_WIDTHS),
    Architecture("Electra", {"embedding_size": 16}),
    Architecture("ModernBert", MODERNBERT),
    Architecture("Roberta"),
    Architecture("XLMRoberta"),
)
"""Where packed rows give what single sequences give."""

REFUSED = (
    Architecture("Deberta"),
    Architecture("DebertaV2"),
    Architecture("MPNet"),
    Architecture("Bert", {"is_decoder": True}),
    Architecture("MobileBert", {"embedding_size": 32, "true_hidden_size": 32, "intra_bottleneck_size": 32}),
)
"""Where they cannot, for different reasons."""


def sequences(*lengths: int, token_types: bool = False) -> list[Encoding]:
    """Random tokens, without padding or special ones; the second half of each is the second text."""
    generator = torch.Generator().manual_seed(sum(lengths))
    encodings = []
    for length in lengths:
        tokens = torch.randint(5, VOCABULARY, (length,), generator=generator).tolist()
        types = {"token_type_ids": [0] * (length // 2) + [1] * (length - length // 2)} if token_types else {}
        encodings.append(Encoding({"input_ids": tokens, **types}))
    return encodings
