"""Archives with TorchServe's documented layout, served by real workers at TorchServe's URLs and over V1 and V2."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.running import running
from tests.predictor.torchserve.ancestor.archives import MODES, AncestorArchive
from tests.predictor.torchserve.ancestor.asking import Asked

ArchiveOf = Callable[..., AncestorArchive]
AncestorOf = Callable[..., Asked]

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

TEXT = "i love this movie"
TRACED, *EXPLAINED = MODES
BODIES: dict[str, Any] = {
    "sequence_classification": {"text": TEXT, "target": 1},
    "token_classification": {"text": TEXT, "target": (1, 2)},
    "question_answering": {"question": "was it good", "context": "it was bad", "target": 0},
    "text_generation": {"text": "once upon"},
}
OLDER = Path(__file__).with_name("older_handler.py").read_bytes()


@pytest.fixture(scope="module")
def client(archive_of: ArchiveOf, tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """A server of an archive per mode, one of them traced and not explained, and of one with an older handler."""
    store = tmp_path_factory.mktemp("store")
    explained = {mode: archive_of(mode).write(store, mode) for mode in EXPLAINED}
    traced = archive_of(TRACED, "torchscript").with_settings(captum_explanation=False).write(store, TRACED)
    older = archive_of(TRACED).write(store, "older", "older_handler.py", older_handler=OLDER)
    with (
        running({}, archives={**explained, TRACED: traced, "older": older}) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        yield client


@pytest.mark.parametrize("mode", MODES)
def test_each_mode_answers_as_the_handler_does(client: httpx.Client, ancestor: AncestorOf, mode: str) -> None:
    (expected,) = ancestor(mode).predict(BODIES[mode])
    literal = client.post(f"/predictions/{mode}", content=str(BODIES[mode]), headers={"content-type": "text/plain"})
    told = literal.json() if mode == "token_classification" else literal.text
    assert (literal.status_code, told) == (200, expected.answer)
    assert client.post(f"/predictions/{mode}", json=BODIES[mode]).content == literal.content


@pytest.mark.parametrize("mode", EXPLAINED)
def test_a_mode_is_explained_as_the_handler_does(client: httpx.Client, ancestor: AncestorOf, mode: str) -> None:
    (expected,) = ancestor(mode).explain(BODIES[mode])
    response = client.post(f"/explanations/{mode}", content=str(BODIES[mode]))
    assert response.status_code == 200
    assert response.json()["words"] == expected.answer["words"]


def test_explanations_that_are_switched_off_are_refused(client: httpx.Client) -> None:
    response = client.post(f"/explanations/{TRACED}", content=TEXT)
    assert response.status_code == 400
    assert "captum_explanation" in response.text


def test_a_text_comes_as_torchserves_clients_send_it(client: httpx.Client, ancestor: AncestorOf) -> None:
    (expected,) = ancestor(TRACED).predict(TEXT)
    url = f"/predictions/{TRACED}"
    answers = [
        client.put(url, content=TEXT),  # curl -T
        client.post(url, content=TEXT, headers={"content-type": "application/octet-stream"}),
        client.post(url, json=TEXT),
        client.post(url, json={"data": TEXT, "target": 0}),
        client.post(url, files={"data": ("sample_text0.txt", TEXT)}),
        client.post(url, data={"data": TEXT, "target": "1"}),
        client.post(f"{url}/1.0", content=TEXT),
    ]
    assert [(answer.status_code, answer.text) for answer in answers] == [(200, expected.answer)] * len(answers)


def test_a_body_that_cannot_be_read_is_told_so(client: httpx.Client) -> None:
    response = client.post("/predictions/question_answering", content=TEXT)
    assert (response.status_code, response.text[:26]) == (400, "the body must be an object")


def test_a_text_that_was_cut_says_so(client: httpx.Client) -> None:
    response = client.post(f"/predictions/{TRACED}", content="good " * 30)
    assert response.headers["x-truncated-tokens"] == "8"


def test_v1_and_v2_answer_too(client: httpx.Client, ancestor: AncestorOf) -> None:
    (expected,) = ancestor(TRACED).predict(TEXT)
    one = client.post(f"/v1/models/{TRACED}:predict", json={"instances": [{"data": TEXT}]})
    assert one.json()["predictions"] == [expected.answer]
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [TEXT]}
    two = client.post(f"/v2/models/{TRACED}/infer", json={"inputs": [tensor]})
    assert two.json()["outputs"][0]["data"] == [expected.answer]


class TestHandlerForOlderTransformers:
    """It reads a literal alone, as the original did with explanations switched on."""

    def test_it_answers(self, client: httpx.Client, ancestor: AncestorOf) -> None:
        (expected,) = ancestor("sequence_classification").predict(TEXT)
        response = client.post("/predictions/older", content=str(BODIES["sequence_classification"]))
        assert (response.status_code, response.text) == (200, expected.answer)

    def test_it_explains(self, client: httpx.Client, ancestor: AncestorOf) -> None:
        body = BODIES["sequence_classification"]
        (expected,) = ancestor("sequence_classification").explain(body)
        response = client.post("/explanations/older", content=str(body))
        assert response.status_code == 200, response.text
        assert response.json()["words"] == expected.answer["words"]
        assert response.json()["importances"] == pytest.approx(expected.answer["importances"], abs=0.05)
