"""One question explained by several methods, and what is wrong with one of them."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import BertForSequenceClassification

from tests.predictor.gated import GatedEngine
from tests.predictor.tiny import LABELS, MAX_LENGTH, publish, save_tiny_checkpoint
from transformermodel_predictor.explanations.explanation import Method
from transformermodel_predictor.generalized_handler import GeneralizedHandler
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.tasks.task import InvalidQuestion
from transformermodel_predictor.workers import Workers

ROW = {"text": "i love this movie"}


async def test_each_method_explains_every_row_in_the_order_in_which_they_are_named(
    tiny_model: LoadedModel, workers: Workers
) -> None:
    handler = GeneralizedHandler("tiny", tiny_model, workers)
    rows = await handler.explain([ROW, {"text": "bad"}], {"methods": "saliency, feature_ablation"})
    assert [[one.method for one in row.explanations] for row in rows] == [[Method.Saliency, Method.FeatureAblation]] * 2


async def test_the_model_answers_once_for_all_methods(
    gated_model: LoadedModel, gated_engine: GatedEngine, workers: Workers
) -> None:
    gated_engine.open()
    handler = GeneralizedHandler("tiny", gated_model, workers)
    await handler.explain([ROW], {"methods": ["feature_ablation"]})
    alone = sum(map(len, gated_engine.steps))
    await handler.explain([ROW], {"methods": ["feature_ablation", "saliency"]})
    assert sum(map(len, gated_engine.steps)) == 2 * alone


@pytest.mark.parametrize(
    ("asked", "problem"),
    [
        ({"methods": ["feature_ablation", "gradcam"]}, "each of methods must be one of"),
        ({"methods": ["saliency", "lime"], "baseline": "zero"}, "baseline zero is not a token, and lime needs one"),
        ({"methods": ["feature_ablation", "lime"], "target": "nobody"}, "target 'nobody' is not there"),
        ({"methods": ["feature_ablation", "lime"], "method": "lime"}, "only one of method and methods"),
        ({"methods": []}, "methods must be names of methods"),
    ],
)
async def test_what_is_wrong_with_one_method_is_told_before_any_runs(
    gated_model: LoadedModel, gated_engine: GatedEngine, workers: Workers, asked: Mapping[str, Any], problem: str
) -> None:
    gated_engine.open()
    with pytest.raises(InvalidQuestion, match=problem):
        await GeneralizedHandler("tiny", gated_model, workers).explain([ROW], asked)
    assert gated_engine.steps == []


async def test_a_method_that_cannot_be_had_is_refused_before_any_runs(
    tmp_path: Path, gated_engine: GatedEngine, workers: Workers
) -> None:
    """Whatever this model reads, it answers the same."""
    gated_engine.open()
    model = BertForSequenceClassification.from_pretrained(save_tiny_checkpoint(tmp_path))
    torch.nn.init.zeros_(model.classifier.weight)
    model.save_pretrained(tmp_path)
    loaded = replace(load_model(publish(tmp_path, LABELS, MAX_LENGTH)), engine=gated_engine)
    with pytest.raises(
        InvalidQuestion, match="method saliency is not available for this model: its values are all zero"
    ):
        await GeneralizedHandler("tiny", loaded, workers).explain([ROW], {"methods": ["feature_ablation", "saliency"]})
    assert gated_engine.steps == []
