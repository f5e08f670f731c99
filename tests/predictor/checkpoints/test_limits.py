import pytest
from transformers import (
    AutoModelForSequenceClassification,
    BertConfig,
    DistilBertConfig,
    GPT2Config,
    ModernBertConfig,
    PreTrainedConfig,
    RobertaConfig,
)

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.checkpoints.limits import choose_max_length, model_limit

SMALL = {"vocab_size": 20, "hidden_size": 16, "num_hidden_layers": 1, "num_attention_heads": 2, "intermediate_size": 16}
IDS = {"pad_token_id": 1, "bos_token_id": 0, "eos_token_id": 2, "cls_token_id": 0, "sep_token_id": 2}


@pytest.mark.parametrize(
    ("configuration", "limit"),
    [
        (BertConfig(**SMALL, max_position_embeddings=64), 64),
        (RobertaConfig(**SMALL, **IDS, max_position_embeddings=66), 64),
        (DistilBertConfig(vocab_size=20, dim=16, n_layers=1, n_heads=2, hidden_dim=16, max_position_embeddings=48), 48),
        (GPT2Config(vocab_size=20, n_embd=16, n_layer=1, n_head=2, n_positions=32), 32),
        (ModernBertConfig(**SMALL, **IDS, max_position_embeddings=128), 128),
    ],
    ids=lambda value: value.model_type if isinstance(value, PreTrainedConfig) else str(value),
)
def test_a_model_takes_as_many_tokens_as_it_has_positions_for(configuration: PreTrainedConfig, limit: int) -> None:
    model = AutoModelForSequenceClassification.from_config(configuration)
    assert model_limit(model) == limit


@pytest.mark.parametrize(
    ("wanted", "tokenizer", "model", "chosen"),
    [
        (None, 128, 512, 128),
        (None, int(1e30), 512, 512),
        (None, 512, None, 512),
        (64, 128, 512, 64),
        (256, 128, 512, 256),
    ],
)
def test_the_request_decides_and_else_the_smallest_limit(
    wanted: int | None, tokenizer: int, model: int | None, chosen: int
) -> None:
    assert choose_max_length(wanted, tokenizer, model) == chosen


def test_more_than_the_model_can_take_is_refused() -> None:
    with pytest.raises(PreparationFailed, match="is 513, but the model has positions for 512 tokens: lower it"):
        choose_max_length(513, 512, 512)


def test_somebody_has_to_say() -> None:
    with pytest.raises(PreparationFailed, match=r"set spec\.preparation\.maxLength") as refusal:
        choose_max_length(None, int(1e30), None)
    assert refusal.value.reason is FailureReason.UnsupportedSource
