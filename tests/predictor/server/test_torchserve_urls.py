"""TorchServe's URLs for a native model: the ancestor's bodies in, the ancestor's answers out."""

from collections.abc import Iterator

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.running import running
from tests.predictor.tiny import MAX_LENGTH
from transformermodel_predictor.loading import LoadedModel

TEXT = "i hate this movie"


@pytest.fixture(scope="module")
def client(tiny_model: LoadedModel) -> Iterator[httpx.Client]:
    with (
        running({"tiny": tiny_model}) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield client


@pytest.fixture
def label(tiny_model: LoadedModel) -> str:
    (answer,) = tiny_model.answer([{"text": TEXT}])
    label: str = answer["label"]
    return label


def test_a_body_is_the_text_and_the_answer_the_label(client: httpx.Client, label: str) -> None:
    for method in ("POST", "PUT"):  # `curl -T` puts
        response = client.request(method, "/predictions/tiny", content=TEXT)
        assert (response.status_code, response.text) == (200, label)
        assert response.headers["content-type"] == "text/plain; charset=utf-8"


def test_forms_json_and_literals_hold_the_text(client: httpx.Client, label: str) -> None:
    literal = f"{{'text': '{TEXT}', 'target': 1}}"
    answers = [
        client.post("/predictions/tiny", files={"data": ("sample_text.txt", TEXT)}),
        client.post("/predictions/tiny", files={"data": (None, TEXT)}),
        client.post("/predictions/tiny", data={"data": TEXT}),
        client.post("/predictions/tiny", json=TEXT),
        client.post("/predictions/tiny", json={"text": TEXT, "target": 1}),
        client.post("/predictions/tiny", json={"data": TEXT}),
        client.post("/predictions/tiny", content=literal, headers={"content-type": "text/plain"}),
    ]
    assert [answer.text for answer in answers] == [label] * len(answers)


def test_a_text_that_curl_calls_a_form_is_told_how_to_be_sent(client: httpx.Client) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    for body in (TEXT, '{"text": "good"}'):
        response = client.post("/predictions/tiny", content=body, headers=form)
        assert response.status_code == 400
        assert "-H 'content-type: text/plain'" in response.json()["message"]


def test_the_one_version_answers(client: httpx.Client, tiny_model: LoadedModel, label: str) -> None:
    version = tiny_model.artifact.manifest.digest[:12]
    assert client.post(f"/predictions/tiny/{version}", content=TEXT).text == label
    assert client.post("/predictions/tiny/1.0", content=TEXT).status_code == 404


def test_a_prepared_model_answers_invocations_and_what_has_a_body(
    client: httpx.Client, tiny_model: LoadedModel, label: str
) -> None:
    for url in ("/invocations", "/invocations?model_name=tiny", "/models/tiny/invoke"):
        assert client.post(url, content=TEXT).text == label
    assert client.get("/predictions/tiny").status_code == 405
    below = client.post(f"/predictions/tiny/{tiny_model.artifact.manifest.digest[:12]}/more", content=TEXT)
    assert below.status_code == 404
    assert "a prepared model has no URLs below its version" in below.json()["message"]


def test_truncation_is_never_silent(client: httpx.Client) -> None:
    response = client.post("/predictions/tiny", content="good " * 20)
    assert response.headers["x-truncated-tokens"] == str(22 - MAX_LENGTH)


@pytest.mark.parametrize("how", ["data", "files"])
def test_a_large_form_is_read_as_a_small_one(client: httpx.Client, how: str) -> None:
    text = "good ü " * 20_000
    answered = client.post("/predictions/tiny", **{how: {"data": text if how == "data" else (None, text)}})
    plain = client.post("/predictions/tiny", content=text.encode(), headers={"content-type": "text/plain"})
    assert answered.text == plain.text
    assert answered.headers["x-truncated-tokens"] == plain.headers["x-truncated-tokens"]


@pytest.mark.parametrize(
    ("path", "content", "kind", "status"),
    [
        ("/predictions/none", b"good", "text/plain", 404),
        ("/predictions/tiny", b"\xff", "text/plain", 400),
        ("/predictions/tiny", b"{", "application/json", 400),
        ("/predictions/tiny", b"[1]", "application/json", 400),
        ("/predictions/tiny", b"--x\r\nbroken", "multipart/form-data; boundary=x", 400),
        ("/predictions/tiny", b"good", "multipart/form-data", 400),
    ],
)
def test_errors_have_torchserves_form(client: httpx.Client, path: str, content: bytes, kind: str, status: int) -> None:
    response = client.post(path, content=content, headers={"content-type": kind})
    assert response.status_code == status
    assert response.json()["code"] == status
    assert set(response.json()) == {"code", "type", "message"}


def test_health_and_models(client: httpx.Client) -> None:
    assert client.get("/ping").json() == {"status": "Healthy"}
    assert client.get("/models").json() == {"models": [{"modelName": "tiny", "modelUrl": "tiny"}]}
