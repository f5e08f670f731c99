"""The same archive, asked the same, in the real TorchServe and in our server: the inference API."""

import json
from typing import Any

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.like_torchserve.conftest import Servers

FILES = {"data": ("a.txt", b"file", "text/plain"), "image": ("a.png", b"\xff\x00", "image/png"), "field": (None, b"1")}

REQUESTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("POST", "/predictions/shows", {"content": b"raw"}),
    ("POST", "/predictions/shows", {"content": "text", "headers": {"content-type": "text/plain; charset=utf-8"}}),
    ("POST", "/predictions/shows", {"content": b"\xff", "headers": {"content-type": "text/plain"}}),
    ("POST", "/predictions/shows", {"json": {"a": [1, None]}}),
    ("POST", "/predictions/shows", {"content": b"{", "headers": {"content-type": "application/json"}}),
    ("POST", "/predictions/shows", {"data": {"data": "field", "target": "1"}}),
    ("PUT", "/predictions/shows", {"content": b"put"}),
    ("GET", "/predictions/shows?data=1", {}),
    ("POST", "/predictions/shows/1.0", {"content": b"x"}),
    ("POST", "/predictions/shows/1.0/a/b?c=d", {"content": b"x", "headers": {"X-Own": "1"}}),
    ("POST", "/predictions/shows/9", {"content": b"x"}),
    ("POST", "/predictions/none", {"content": b"x"}),
    ("POST", "/explanations/shows", {"content": b"x"}),
    *(("POST", "/predictions/shows", {"data": {"wish": wish}}) for wish in ("text", "bytes", "status")),
    *(("POST", "/predictions/shows", {"data": {"wish": wish}}) for wish in ("fail", "no memory", "refuse")),
)

KEPT = ("content-type", "pragma", "cache-control", "expires", "x-own")

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(("method", "path", "request_"), REQUESTS)
def test_both_answer_the_same(servers: Servers, method: str, path: str, request_: dict[str, Any]) -> None:
    theirs, ours = (ask(url, method, path, request_) for url in servers.urls)
    assert ours == theirs


def test_both_read_files_of_forms_alike(servers: Servers) -> None:
    theirs, ours = (
        httpx.post(f"{url}/predictions/shows", files=FILES, timeout=PATIENCE_SECONDS) for url in servers.urls
    )
    assert ours.json()["row"] == theirs.json()["row"]


def test_both_take_the_model_from_where_invocations_name_it(servers: Servers) -> None:
    for path, body in (("?model_name=shows&a=1", {"content": b"x"}), ("", {"data": {"model_name": "shows"}})):
        theirs, ours = (ask(url, "POST", f"/invocations{path}", body) for url in servers.urls)
        assert row(ours) == row(theirs)


def ask(url: str, method: str, path: str, request: dict[str, Any]) -> tuple[int, dict[str, str], object]:
    """Status, headers and body; of an error what programs look at."""
    response = httpx.request(method, url + path, timeout=PATIENCE_SECONDS, **request)
    headers = {name: response.headers[name] for name in KEPT if name in response.headers}
    if response.headers.get("content-type") == "application/json":
        document = response.json()
        return response.status_code, {"content-type": "application/json"}, (document["code"], document["type"])
    return response.status_code, headers, response.content


def row(answer: tuple[int, dict[str, str], object]) -> object:
    content = answer[2]
    assert isinstance(content, bytes)
    return json.loads(content)["row"]
