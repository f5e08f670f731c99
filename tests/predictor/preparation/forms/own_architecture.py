"""An architecture that transformers does not know, as a repository with code of its own brings one."""

from typing import Any

import torch
from torch import nn
from transformers import PreTrainedConfig, PreTrainedModel
from transformers.modeling_outputs import SequenceClassifierOutput

from tests.predictor.preparation.forms.tiny_models import MAX_LENGTH, PAD, VOCABULARY

WIDTH = 32


class OwnConfig(PreTrainedConfig):
    model_type = "own-architecture"


class OwnClassifier(PreTrainedModel):
    """One layer of attention over embedded tokens and positions, and a head on the first token."""

    config_class = OwnConfig

    def __init__(self, config: OwnConfig) -> None:
        super().__init__(config)
        self.tokens = nn.Embedding(VOCABULARY, WIDTH)
        self.position_embeddings = nn.Embedding(MAX_LENGTH, WIDTH)
        self.query, self.key, self.value = (nn.Linear(WIDTH, WIDTH) for _ in range(3))
        self.normalize = nn.LayerNorm(WIDTH)
        self.classifier = nn.Linear(WIDTH, 3)
        self.post_init()

    def get_input_embeddings(self) -> nn.Module:
        return self.tokens

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, **_: Any
    ) -> SequenceClassifierOutput:
        states = self.tokens(input_ids) + self.position_embeddings(torch.arange(input_ids.shape[1]))
        seen = torch.ones_like(input_ids) if attention_mask is None else attention_mask
        mixed = nn.functional.scaled_dot_product_attention(
            self.query(states), self.key(states), self.value(states), attn_mask=seen.bool()[:, None, :]
        )
        return SequenceClassifierOutput(logits=self.classifier(self.normalize(states + mixed)[:, 0]))


class LengthDependent(OwnClassifier):
    """A model with a branch on the number of its tokens, which a trace does not see."""

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor | None = None, **_: Any
    ) -> SequenceClassifierOutput:
        output = super().forward(input_ids, attention_mask)
        return SequenceClassifierOutput(logits=output.logits * (10 if input_ids.shape[1] > 8 else 1))


def own_model(model_type: type[OwnClassifier] = OwnClassifier) -> OwnClassifier:
    """Random weights, always the same."""
    torch.manual_seed(0)
    return model_type(OwnConfig(pad_token_id=PAD, num_labels=3)).eval()
