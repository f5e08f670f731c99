"""The examples' requests in every protocol, over HTTP to one server with all of them, and their expected answers."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.examples.conftest import EXAMPLES, Example
from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.running import RunningServer, running
from transformermodel_predictor.explanations.explanation import Method

NAMES = ("sentiment", "entities", "questions")
TOLERANCE = 1e-3
TOLERANCE_OF_IMPORTANCES = 0.05
"""They are found in steps that end when they are good enough."""
SAMPLES = {Method.ShapleySampling: 3}
"""Orders in which words are added, where a sample is that: each takes an answer for every word."""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def server(example: Example) -> Iterator[RunningServer]:
    with running({name: example(name) for name in NAMES}) as server:
        yield server


def document(name: str, file: str) -> Any:
    return json.loads((EXAMPLES / name / file).read_text(encoding="utf-8"))


def text(name: str, file: str) -> str:
    return (EXAMPLES / name / file).read_text(encoding="utf-8").removesuffix("\n")


def alike(found: Any, expected: Any, tolerance: float = TOLERANCE) -> bool:
    """Whether two documents are the same but for the last digits of their numbers. JSON in strings counts as JSON."""
    if isinstance(expected, dict):
        return isinstance(found, dict) and all(
            alike(found.get(name), value, tolerance) for name, value in expected.items()
        )
    if isinstance(expected, list):
        pairs = zip(found, expected, strict=False)
        return len(found) == len(expected) and all(alike(one, other, tolerance) for one, other in pairs)
    if isinstance(expected, float):
        return bool(abs(found - expected) <= tolerance)
    if isinstance(expected, str) and expected.startswith("["):
        return alike(json.loads(found), json.loads(expected), tolerance)
    return bool(found == expected)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(("protocol", "url"), [("v1", "/v1/models/{}:predict"), ("v2", "/v2/models/{}/infer")])
def test_kserves_protocols(server: RunningServer, name: str, protocol: str, url: str) -> None:
    response = httpx.post(
        server.url + url.format(name), json=document(name, f"request.{protocol}.json"), timeout=PATIENCE_SECONDS
    )
    assert response.status_code == 200, response.text
    expected = document(name, f"answer.{protocol}.json")
    assert alike(response.json(), expected), response.text


@pytest.mark.parametrize("name", NAMES)
def test_explanations(server: RunningServer, name: str) -> None:
    asked = document(name, "request.explain.json")
    response = httpx.post(f"{server.url}/v1/models/{name}:explain", json=asked, timeout=PATIENCE_SECONDS)
    assert response.status_code == 200, response.text
    assert alike(response.json(), document(name, "answer.explain.json"), TOLERANCE_OF_IMPORTANCES), response.text


@pytest.mark.parametrize("name", NAMES)
def test_explanations_over_v2(server: RunningServer, name: str) -> None:
    ((question,), (expected,)) = (document(name, "request.explain.json")["instances"], explained(name))
    fields = {"text": question} if isinstance(question, str) else question
    inputs = [{"name": field, "datatype": "BYTES", "shape": [1], "data": [said]} for field, said in fields.items()]
    response = httpx.post(f"{server.url}/v2/models/{name}/explain", json={"inputs": inputs}, timeout=PATIENCE_SECONDS)
    assert response.status_code == 200, response.text
    (row,) = response.json()["outputs"][-1]["data"]
    assert alike(json.loads(row), expected, TOLERANCE_OF_IMPORTANCES), row


@pytest.mark.parametrize("name", NAMES)
def test_explanations_in_torchserves_form(server: RunningServer, name: str) -> None:
    """Of the tokens, which are those of the words."""
    ((question,), (expected,)) = (document(name, "request.explain.json")["instances"], explained(name))
    body = question.encode() if isinstance(question, str) else str(question).encode()
    response = httpx.post(f"{server.url}/explanations/{name}", content=body, timeout=PATIENCE_SECONDS)
    assert response.status_code == 200, response.text
    told = response.json()
    found = [
        values
        for one in (told if isinstance(told, list) else [told])
        for member, values in one.items()
        if member.startswith("importances")
    ]
    sums = [sum(word["importance"] for word in explanation["words"]) for explanation in expected["explanations"]]
    assert [sum(values) for values in found] == pytest.approx(sums, abs=2 * TOLERANCE_OF_IMPORTANCES)


def explained(name: str) -> list[Any]:
    rows: list[Any] = document(name, "answer.explain.json")["explanations"]
    return rows


@pytest.mark.parametrize("method", list(Method))
@pytest.mark.parametrize("name", NAMES)
def test_every_method_explains_every_task(server: RunningServer, name: str, method: Method) -> None:
    asked = document(name, "request.v2.json")
    asked["parameters"] = {"explain": True, "method": method.value, "max_steps": 16, "samples": SAMPLES.get(method, 30)}
    response = httpx.post(f"{server.url}/v2/models/{name}/infer", json=asked, timeout=PATIENCE_SECONDS)
    assert response.status_code == 200, response.text
    (column,) = [output["data"] for output in response.json()["outputs"] if output["name"] == "explanation"]
    for row in map(json.loads, column):
        assert row["explanations"]
        for explanation in row["explanations"]:
            assert explanation["method"] == method.value
            assert any(word["importance"] for word in explanation["words"])


@pytest.mark.parametrize("name", NAMES)
def test_torchserves_bodies_and_answers(server: RunningServer, name: str) -> None:
    response = httpx.post(
        f"{server.url}/predictions/{name}",
        content=text(name, "request.torchserve.txt").encode(),
        timeout=PATIENCE_SECONDS,
    )
    assert response.status_code == 200, response.text
    if (EXAMPLES / name / "answer.torchserve.json").exists():
        assert response.json() == document(name, "answer.torchserve.json")
    else:
        assert response.text == text(name, "answer.torchserve.txt")


def test_long_texts_come_back_whole(server: RunningServer) -> None:
    """Far longer than the model: the entity at the end is found at its place, and nothing counts as truncated."""
    long = "The garden was full of roses and the sun was shining. " * 40 + "My name is Sarah and I live in London."
    response = httpx.post(
        f"{server.url}/v1/models/entities:predict", json={"instances": [long]}, timeout=PATIENCE_SECONDS
    )
    (prediction,) = response.json()["predictions"]
    assert "truncated_tokens" not in prediction
    last = prediction["entities"][-1]
    assert (last["entity"], long[last["start"] : last["end"]]) == ("LOC", "London")


def test_a_question_without_room_for_its_context_is_refused(server: RunningServer) -> None:
    asked = {"instances": [{"question": "why " * 200, "context": "because " * 200}]}
    response = httpx.post(f"{server.url}/v1/models/questions:predict", json=asked, timeout=PATIENCE_SECONDS)
    assert response.status_code == 400
    assert "the question is too long" in response.json()["error"]
