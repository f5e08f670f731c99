"""V2's model repository over HTTP."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.running import running
from tests.predictor.server.test_application import infer_body, refused
from transformermodel_predictor.loading import LoadedModel


@pytest.fixture(scope="module")
def client(tiny_model: LoadedModel) -> Iterator[httpx.Client]:
    with running({"tiny": tiny_model}) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        yield client


def test_a_model_is_unloaded_and_loaded_again(tiny_model: LoadedModel) -> None:
    with (
        running({"tiny": tiny_model, "other": tiny_model}) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        before = client.post("/v2/models/tiny/infer", json=infer_body("good")).json()["outputs"]
        assert client.post("/v2/repository/models/tiny/unload").json() == {"name": "tiny", "unload": True}
        response = client.post("/v2/models/tiny/infer", json=infer_body("good"))
        assert "has been unloaded" in refused(response, 503)
        assert int(response.headers["retry-after"]) > 0
        assert client.post("/v2/models/other/infer", json=infer_body("good")).status_code == 200
        states = {entry["name"]: entry["state"] for entry in client.post("/v2/repository/index").json()}
        assert states == {"tiny": "UNAVAILABLE", "other": "READY"}
        ready = client.post("/v2/repository/index", json={"ready": True}).json()
        assert [entry["name"] for entry in ready] == ["other"]
        assert "model_info{" in client.get("/metrics").text
        assert client.post("/v2/repository/models/tiny/load").json() == {"name": "tiny", "load": True}
        assert client.post("/v2/models/tiny/infer", json=infer_body("good")).json()["outputs"] == before


@pytest.mark.parametrize(
    ("url", "body", "words"),
    [
        ("models/tiny/load", {"parameters": {"config": "{}"}}, "a model is loaded as it was prepared"),
        ("models/tiny/load", [], "the body must be an object, or empty"),
        ("models/tiny/unload", [], "the body must be an object, or empty"),
        ("index", {"ready": "no"}, "ready must be true or false"),
    ],
)
def test_what_a_body_says_is_read_or_refused(client: httpx.Client, url: str, body: Any, words: str) -> None:
    assert words in refused(client.post(f"/v2/repository/{url}", json=body), 400)


@pytest.mark.parametrize("verb", ["load", "unload"])
def test_a_model_that_is_not_known(client: httpx.Client, verb: str) -> None:
    assert "'none'" in refused(client.post(f"/v2/repository/models/none/{verb}"), 404)
