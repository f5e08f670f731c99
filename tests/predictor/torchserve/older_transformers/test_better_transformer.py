"""optimum's BetterTransformer, where optimum is not installed."""

import logging
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
import torch
from transformers import BertConfig, BertForSequenceClassification

import transformermodel_predictor.torchserve

FILE = Path(transformermodel_predictor.torchserve.__file__).with_name("fallback_path") / "optimum/bettertransformer"


@pytest.fixture
def bettertransformer() -> ModuleType:
    """The module as a worker finds it, not yet known to this process."""
    spec = spec_from_file_location("bettertransformer_of_a_worker", FILE / "__init__.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_model_answers_with_sdpa_as_before_and_it_is_told_once(
    bettertransformer: ModuleType, caplog: pytest.LogCaptureFixture
) -> None:
    small = {"vocab_size": 20, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    model = BertForSequenceClassification._from_config(
        BertConfig(**small, intermediate_size=8), attn_implementation="eager"
    ).eval()
    ids = torch.tensor([[1, 2, 3]])
    expected = model(ids).logits
    with caplog.at_level(logging.WARNING):
        changed = bettertransformer.BetterTransformer.transform(model, keep_original_model=True)
        bettertransformer.BetterTransformer.transform(model)
    assert changed.config._attn_implementation == "sdpa"
    assert torch.allclose(changed(ids).logits, expected, atol=1e-5)
    assert bettertransformer.BetterTransformer.reverse(changed) is changed
    assert [record.getMessage() for record in caplog.records] == [
        "the handler uses BetterTransformer, which optimum no longer has: transformers' own SDPA attention takes its "
        "place"
    ]


def test_a_model_without_such_a_choice_stays_as_it_is(bettertransformer: ModuleType) -> None:
    model = torch.nn.Linear(2, 2)
    assert bettertransformer.BetterTransformer.transform(model) is model


def test_this_process_does_not_find_it() -> None:
    assert find_spec("optimum") is None
