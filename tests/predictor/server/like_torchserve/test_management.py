"""The real TorchServe and our server, managed the same."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.predictor.server.like_torchserve.conftest import Servers

pytestmark = pytest.mark.slow

BOTH_REFUSE = (
    ("POST", "/models"),
    ("POST", "/models?url=nothing.mar"),
    ("POST", "/models?url=damaged.mar"),
    ("POST", "/models?url=shows.mar&initial_workers=0"),
    ("GET", "/models/none"),
    ("GET", "/models/none?customized=true"),
    ("GET", "/models/shows/9"),
    ("PUT", "/models/none?min_worker=1"),
    ("PUT", "/models/shows/9?min_worker=1"),
    ("PUT", "/models/shows?min_worker=2&max_worker=1"),
    ("PUT", "/models/none/9/set-default"),
    ("PUT", "/models/shows/9/set-default"),
    ("DELETE", "/models/none"),
    ("DELETE", "/models/shows/9"),
    ("DELETE", "/models"),
    ("PUT", "/models"),
    ("PATCH", "/models/shows"),
    ("GET", "/nothing"),
)

WE_REFUSE = ("/models?limit=x", "/models?next_page_token=x", "/models/shows?customized=x")
"""Values that cannot be read, for which TorchServe takes its defaults."""

OF_THIS_RUN = ("id", "startTime", "memoryUsage", "pid")
"""What no two workers have in common."""


@pytest.fixture
def unregistered(servers: Servers) -> Iterator[None]:
    """Both serve `shows` 1.0 and nothing else when a test ends.

    Nothing is registered under its name: TorchServe says of all versions of a name that they were not loaded at the
    start once another has come.
    """
    yield
    for manager in servers.managers:
        manager.put("/models/several/1.0/set-default")
        for model in ("several/2.0", "several/1.0", "other", "configured"):
            manager.delete(f"/models/{model}")


def both(servers: Servers, method: str, path: str) -> Any:
    """What both answer: the status and the document, which must be the same."""
    theirs, ours = (manager.request(method, path) for manager in servers.managers)
    assert (ours.status_code, ours.json()) == (theirs.status_code, theirs.json())
    return ours.status_code, ours.json()


def told(servers: Servers, method: str, path: str) -> str:
    """What both say to a success."""
    status, document = both(servers, method, path)
    assert status == 200
    return str(document["status"])


def described(servers: Servers, path: str) -> list[dict[str, Any]]:
    """What both say of each version of a model, in TorchServe's words; ours may say more."""
    theirs, ours = (_documents(manager, path) for manager in servers.managers)
    for our, their in zip(ours, theirs, strict=True):
        assert {key: (our.get(key), their[key]) for key in their if our.get(key) != their[key]} == {}
    return theirs


def _documents(manager: httpx.Client, path: str) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = manager.get(path).json()
    for document in documents:
        for worker in document["workers"]:
            for key in OF_THIS_RUN:
                assert worker.pop(key) is not None
    return documents


def refused(response: httpx.Response) -> tuple[int, str]:
    document = response.json()
    assert set(document) == {"code", "type", "message"}
    assert document["code"] == response.status_code
    return response.status_code, document["type"]


@pytest.mark.parametrize(("method", "path"), BOTH_REFUSE)
def test_both_refuse_the_same(servers: Servers, method: str, path: str) -> None:
    theirs, ours = (refused(manager.request(method, path)) for manager in servers.managers)
    assert ours == theirs


@pytest.mark.parametrize("path", WE_REFUSE)
def test_what_cannot_be_read_we_refuse(servers: Servers, path: str) -> None:
    theirs, ours = (manager.get(path) for manager in servers.managers)
    assert theirs.status_code == 200
    assert refused(ours) == (400, "BadRequestException")


def test_both_describe_a_model_its_workers_and_what_its_handler_says(servers: Servers) -> None:
    for path in ("/models/shows", "/models/shows/1.0", "/models/shows/all", "/models/shows?customized=false"):
        (document,) = described(servers, path)
        assert document["workers"] == [{"status": "READY", "gpu": False, "gpuUsage": "N/A"}]
        assert "customizedMetadata" not in document
    (document,) = described(servers, "/models/shows?customized=true")
    assert document["customizedMetadata"] == {"about": "shows"}


@pytest.mark.usefixtures("unregistered")
def test_both_register_as_the_request_says_and_list_in_pages(servers: Servers) -> None:
    settings = "batch_size=3&max_batch_delay=5&response_timeout=9&startup_timeout=50"
    said = told(servers, "POST", f"/models?url=second.mar&model_name=other&initial_workers=0&{settings}")
    assert said.startswith('Model "other" Version: 2.0 registered with 0 initial workers.')
    (document,) = described(servers, "/models/other")
    assert [document[key] for key in ("batchSize", "maxBatchDelay", "responseTimeout", "startupTimeout")] == [
        3,
        5,
        9,
        50,
    ]
    _, listed = both(servers, "GET", "/models")
    assert [model["modelName"] for model in listed["models"]] == ["other", "shows"]
    _, page = both(servers, "GET", "/models?limit=1")
    assert page == {"nextPageToken": "1", "models": [{"modelName": "other", "modelUrl": "second.mar"}]}
    assert told(servers, "DELETE", "/models/other") == 'Model "other" unregistered'


@pytest.mark.usefixtures("unregistered")
def test_both_start_as_many_workers_as_the_archive_says(servers: Servers) -> None:
    assert told(servers, "POST", "/models?url=configured.mar") == (
        'Model "configured" Version: 1.0 registered with 1 initial workers'
    )
    (document,) = described(servers, "/models/configured")
    assert [document[key] for key in ("minWorkers", "maxWorkers", "batchSize", "responseTimeout")] == [1, 2, 4, 60]
    assert len(document["workers"]) == 1
    assert told(servers, "PUT", "/models/configured/1.0?min_worker=0&max_worker=0&synchronous=true") == (
        "Workers scaled to 0 for model: configured, version: 1.0"
    )
    assert described(servers, "/models/configured")[0]["workers"] == []
    theirs, ours = (manager.get("/models/configured?customized=true") for manager in servers.managers)
    assert refused(ours) == refused(theirs), "nobody is there who could say it"
    assert both(servers, "PUT", "/models/configured?min_worker=1&max_worker=2") == (
        202,
        {"status": "Processing worker updates..."},
    )


@pytest.mark.usefixtures("unregistered")
def test_both_have_a_default_among_several_versions(servers: Servers) -> None:
    for archive in ("shows", "second"):
        told(servers, "POST", f"/models?url={archive}.mar&model_name=several&initial_workers=0")
    versions = described(servers, "/models/several/all")
    assert [version["modelVersion"] for version in versions] == ["1.0", "2.0"]
    told(servers, "PUT", "/models/several/2.0/set-default")
    assert described(servers, "/models/several")[0]["modelVersion"] == "2.0"
    theirs, ours = (manager.delete("/models/several/2.0") for manager in servers.managers)
    assert refused(ours) == refused(theirs) == (403, "InvalidModelVersionException")
    told(servers, "PUT", "/models/several/1.0/set-default")
    assert told(servers, "DELETE", "/models/several/2.0") == 'Model "several" unregistered'


def test_both_forget_a_model_whose_worker_cannot_start_and_we_say_why(servers: Servers) -> None:
    theirs, ours = (manager.post("/models?url=broken.mar&initial_workers=1") for manager in servers.managers)
    assert refused(ours) == refused(theirs)
    assert "No module named 'nothing_of_this_name' (handler.py, line 2" in ours.json()["message"]
    for manager in servers.managers:
        assert refused(manager.get("/models/broken")) == (404, "ModelNotFoundException")
