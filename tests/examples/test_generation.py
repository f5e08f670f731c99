"""The example of a language model, in every protocol; prepared once and kept, because that takes a minute."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest

from tests.examples.conftest import EXAMPLES
from tests.predictor.server.running import running
from tests.predictor.watcher import Watcher
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.manifests import read_manifests
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.generation.loaded import LoadedGenerator
from transformermodel_predictor.loading import load_model
from transformermodel_predictor.preparation.contest.stability import Budget
from transformermodel_predictor.preparation.pipeline import prepare

FOLDER = EXAMPLES / "generation"
STORE = EXAMPLES.parent / ".cache" / "examples"
PATIENCE_SECONDS = 120

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def model() -> LoadedGenerator:
    """Prepared with all its checks the first time; afterwards found by its input key, and verified."""
    (manifest,) = read_manifests(FOLDER / "model.yaml")
    request, budget = PreparationRequest.of(manifest.spec), Budget(seconds=0.0, least_rounds=2)
    prepared = prepare(request, LocalStore(STORE), Watcher(), base=FOLDER, budget=budget)
    loaded = load_model(open_artifact(STORE / prepared.path))
    assert isinstance(loaded, LoadedGenerator)
    return loaded


@pytest.fixture(scope="module")
def url(model: LoadedGenerator) -> Iterator[str]:
    with running({"generation": model}) as server:
        yield server.url


def document(file: str) -> Any:
    return json.loads((FOLDER / file).read_text(encoding="utf-8"))


def holds(found: Any, expected: Any) -> bool:
    """Whether a document has all that is expected, and perhaps more."""
    if isinstance(expected, dict):
        return all(holds(found[name], value) for name, value in expected.items())
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(holds, found, expected))
    return bool(found == expected)


@pytest.mark.parametrize(
    ("protocol", "path"),
    [
        ("v1", "/v1/models/generation:predict"),
        ("v2", "/v2/models/generation/infer"),
        ("openai", "/openai/v1/chat/completions"),
    ],
)
def test_requests_and_answers(url: str, protocol: str, path: str) -> None:
    response = httpx.post(url + path, json=document(f"request.{protocol}.json"), timeout=PATIENCE_SECONDS)

    assert response.status_code == 200, response.text
    assert holds(response.json(), document(f"answer.{protocol}.json")), response.text


def test_torchserves_body_and_answer(url: str) -> None:
    body = (FOLDER / "request.torchserve.txt").read_text(encoding="utf-8").removesuffix("\n")

    response = httpx.post(f"{url}/predictions/generation", content=body.encode(), timeout=PATIENCE_SECONDS)

    assert response.text == (FOLDER / "answer.torchserve.txt").read_text(encoding="utf-8").removesuffix("\n")


def test_an_explanation_has_the_country_among_the_words_for_its_capital(url: str) -> None:
    asked = document("request.explain.json")

    response = httpx.post(f"{url}/v1/models/generation:explain", json=asked, timeout=PATIENCE_SECONDS)

    assert response.status_code == 200, response.text
    assert holds(response.json(), document("answer.explain.json")), response.text
    (explanation,) = response.json()["explanations"][0]["explanations"]
    assert explanation["method"] == "feature_ablation"
    strongest = sorted(explanation["words"], key=lambda word: -abs(word["importance"]))
    assert "France" in [word["text"] for word in strongest[:2]], strongest


def test_a_way_from_embeddings_of_zeros_is_refused_because_the_models_gradients_run_over_there(url: str) -> None:
    parameters = {"method": "integrated_gradients", "baseline": "zero", "steps": 4, "max_steps": 4, "max_new_tokens": 1}
    asked = {"instances": ["The capital of France is"], "parameters": parameters}

    response = httpx.post(f"{url}/v1/models/generation:explain", json=asked, timeout=PATIENCE_SECONDS)

    assert response.status_code == 400, response.text
    refused = "method integrated_gradients with the baseline zero is not available for this model: "
    assert refused in response.json()["error"]
    assert "the model's gradients are not finite" in response.json()["error"]
    assert "there are feature_ablation" in response.json()["error"]


def test_explanations_over_v2_and_in_torchserves_form(url: str) -> None:
    asked = document("request.explain.json")
    (text,), parameters = asked["instances"], asked["parameters"]
    inputs = [{"name": "text", "datatype": "BYTES", "shape": [1], "data": [text]}]

    v2 = httpx.post(
        f"{url}/v2/models/generation/explain",
        json={"inputs": inputs, "parameters": parameters},
        timeout=PATIENCE_SECONDS,
    )
    torchserve = httpx.post(
        f"{url}/explanations/generation", content=text.encode(), params=parameters, timeout=PATIENCE_SECONDS
    )

    ((row,),) = [output["data"] for output in v2.json()["outputs"] if output["name"] == "explanation"]
    (expected,) = document("answer.explain.json")["explanations"]
    assert holds(json.loads(row), expected), row
    (explanation,) = json.loads(row)["explanations"]
    importances = [token["importance"] for token in explanation["tokens"]]
    assert torchserve.json()["importances"] == pytest.approx(importances, abs=0.01)


def test_a_stream_of_the_conversation(url: str) -> None:
    client = openai.OpenAI(base_url=f"{url}/openai/v1", api_key="none", timeout=PATIENCE_SECONDS)

    pieces = client.chat.completions.create(**document("request.openai.json"), stream=True)

    told = "".join(piece.choices[0].delta.content or "" for piece in pieces)
    assert told == document("answer.openai.json")["choices"][0]["message"]["content"]
