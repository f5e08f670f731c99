"""TorchServe's management API over HTTP, with archives and workers of our own."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.handler_archive import archive
from tests.predictor.server.running import RunningServer, running
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.server.management.options import ManagementOptions
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.token import Token

SECRET = "of the manager"

TELLS = """
    import os

    def handle(rows, context):
        if rows is None:
            return None
        if context.get_request_header(0, "describe") == "True":
            return [{"about": "VERSION"}]
        return [f"VERSION in {os.getpid()}" for _ in rows]
"""

ENDLESS = """
    import time

    def handle(rows, context):
        while True:
            time.sleep(0.01)
"""

BROKEN = """
    import nothing_of_this_name

    def handle(rows, context):
        return rows
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, tiny_model: LoadedModel) -> Iterator[RunningServer]:
    store = tmp_path_factory.mktemp("store")
    archive(store / "tells.mar", TELLS.replace("VERSION", "first"), "tells", "1.0")
    archive(store / "second.mar", TELLS.replace("VERSION", "second"), "tells", "2.0")
    archive(store / "configured.mar", TELLS, minWorkers=1, maxWorkers=2, batchSize=4)
    archive(store / "broken.mar", BROKEN)
    archive(store / "endless.mar", ENDLESS)
    (store / "damaged.mar").write_bytes(b"no archive")
    archive(store.parent / "outside.mar", TELLS)
    options = ServerOptions(token=Token("of clients"), management=ManagementOptions(0, Token(SECRET), store))
    with running({"tiny": tiny_model}, options) as server:
        yield server


@pytest.fixture(scope="module")
def manager(server: RunningServer) -> Iterator[httpx.Client]:
    headers = {"authorization": f"Bearer {SECRET}"}
    with httpx.Client(base_url=server.management_url, headers=headers, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.fixture(scope="module")
def client(server: RunningServer) -> Iterator[httpx.Client]:
    headers = {"authorization": "Bearer of clients"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=PATIENCE_SECONDS) as client:
        yield client


@pytest.fixture
def tells(manager: httpx.Client) -> Iterator[None]:
    """Version 1.0 of a model with a worker, while a test needs it."""
    told = manager.post("/models?url=tells.mar&initial_workers=1")
    assert told.json() == {"status": 'Model "tells" Version: 1.0 registered with 1 initial workers'}
    yield
    manager.put("/models/tells/1.0/set-default")
    manager.delete("/models/tells/2.0")
    manager.delete("/models/tells")
    assert manager.get("/models/tells").status_code == 404


def described(manager: httpx.Client, model: str, **query: str) -> dict[str, Any]:
    (document,) = manager.get(f"/models/{model}", params=query).json()
    assert isinstance(document, dict)
    return document


def refused(response: httpx.Response) -> tuple[int, str]:
    document = response.json()
    assert set(document) == {"code", "type", "message"}
    assert document["code"] == response.status_code
    return response.status_code, document["type"]


def test_a_registered_archive_answers_and_an_unregistered_one_no_more(
    manager: httpx.Client, client: httpx.Client
) -> None:
    assert manager.post("/models?url=tells.mar&initial_workers=1").status_code == 200
    assert client.post("/predictions/tells", content=b"x").text.startswith("first in ")
    assert client.get("/v2/models/tells/ready").status_code == 200
    told = manager.delete("/models/tells")
    assert (told.status_code, told.json()) == (200, {"status": 'Model "tells" unregistered'})
    assert client.post("/predictions/tells", content=b"x").status_code == 404
    assert "tells" not in client.get("/v2/models").json()["models"]


def test_its_workers_are_processes_that_end_with_it(manager: httpx.Client) -> None:
    manager.post("/models?url=tells.mar&initial_workers=1")
    (worker,) = described(manager, "tells")["workers"]
    assert Path(f"/proc/{worker['pid']}").exists()
    manager.delete("/models/tells")
    assert not Path(f"/proc/{worker['pid']}").exists()


@pytest.mark.usefixtures("tells")
def test_a_model_is_described_in_torchserves_words(manager: httpx.Client) -> None:
    document = described(manager, "tells")
    assert (document["modelName"], document["modelUrl"]) == ("tells", "tells.mar")
    assert (document["modelVersion"], document["loadedAtStartup"]) == ("1.0", False)
    assert (document["minWorkers"], document["maxWorkers"], document["batchSize"]) == (1, 1, 1)
    assert repr(document["responseTimeout"]) == "120", "a whole number, as clients of TorchServe expect it"
    assert document["jobQueueStatus"] == {"remainingCapacity": 100, "pendingRequests": 0}
    (worker,) = document["workers"]
    assert (worker["status"], worker["gpu"], worker["gpuUsage"]) == ("READY", False, "N/A")
    assert worker["startTime"].endswith("Z")
    assert worker["pid"] > 0
    assert "customizedMetadata" not in document
    assert described(manager, "tells", customized="true")["customizedMetadata"] == {"about": "first"}


@pytest.mark.usefixtures("tells")
def test_versions_stand_beside_each_other_and_one_is_the_default(manager: httpx.Client, client: httpx.Client) -> None:
    def answer(path: str) -> str:
        return client.post(f"/predictions/{path}", content=b"x").text.partition(" ")[0]

    manager.post("/models?url=second.mar&initial_workers=1")
    assert [answer("tells"), answer("tells/1.0"), answer("tells/2.0")] == ["first", "first", "second"]
    assert client.get("/v2/models/tells").json()["versions"] == ["1.0", "2.0"]
    versions = manager.get("/models/tells/all").json()
    assert [document["modelVersion"] for document in versions] == ["1.0", "2.0"]
    told = manager.put("/models/tells/2.0/set-default").json()
    assert told == {"status": 'Default version successfully updated for model "tells" to "2.0"'}
    assert answer("tells") == "second"
    assert refused(manager.delete("/models/tells/2.0")) == (403, "InvalidModelVersionException")
    assert refused(manager.put("/models/tells/9/set-default")) == (404, "ModelVersionNotFoundException")
    assert refused(manager.post("/models?url=second.mar")) == (409, "ConflictStatusException")


@pytest.mark.usefixtures("tells")
def test_workers_are_scaled(manager: httpx.Client, client: httpx.Client) -> None:
    told = manager.put("/models/tells?min_worker=2&synchronous=true")
    assert (told.status_code, told.json()["status"]) == (200, "Workers scaled to 2 for model: tells")
    assert [worker["status"] for worker in described(manager, "tells")["workers"]] == ["READY", "READY"]
    assert manager.put("/models/tells/1.0?min_worker=0&max_worker=0&synchronous=true").status_code == 200
    assert described(manager, "tells")["workers"] == []
    assert refused(client.post("/predictions/tells", content=b"x")) == (503, "ServiceUnavailableException")
    assert client.get("/v2/models/tells/ready").status_code == 503
    assert client.get("/v2/health/ready").status_code == 200, "somebody wants it so"
    told = manager.put("/models/tells?min_worker=1")
    assert (told.status_code, told.json()) == (202, {"status": "Processing worker updates..."})
    wait_until_ready(client, "tells")


def wait_until_ready(client: httpx.Client, model: str) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while client.get(f"/v2/models/{model}/ready").status_code != 200:
        assert time.monotonic() < deadline, f"{model} is not ready"
        time.sleep(0.02)


def test_a_registration_says_how_workers_are_run(manager: httpx.Client) -> None:
    body = {"url": "configured.mar", "model_name": "mine", "batch_size": 8, "max_batch_delay": 5, "response_timeout": 9}
    assert manager.post("/models", json=body).status_code == 200
    document = described(manager, "mine")
    told = [document[name] for name in ("batchSize", "maxBatchDelay", "responseTimeout", "minWorkers", "maxWorkers")]
    assert told == [8, 5, 9, 1, 2], "the archive says how many workers"
    assert manager.delete("/models/mine/1.0").status_code == 200


def test_without_workers_and_without_waiting(manager: httpx.Client, client: httpx.Client) -> None:
    told = manager.post("/models?url=tells.mar").json()["status"]
    assert told.endswith("registered with 0 initial workers. Use scale workers API to add workers for the model.")
    assert described(manager, "tells")["workers"] == []
    manager.delete("/models/tells")
    told_later = manager.post("/models?url=tells.mar&initial_workers=1&synchronous=false")
    assert (told_later.status_code, told_later.json()) == (202, {"status": "Processing worker updates..."})
    wait_until_ready(client, "tells")
    manager.delete("/models/tells")


@pytest.mark.parametrize(
    ("url", "status"),
    [("nothing.mar", 404), ("../outside.mar", 400), ("/etc/passwd", 400), (".", 400), ("http://x/y.mar", 400)],
)
def test_only_what_lies_in_the_store_is_registered(manager: httpx.Client, url: str, status: int) -> None:
    assert manager.post("/models", params={"url": url}).status_code == status


def test_a_registration_that_fails_leaves_nothing(manager: httpx.Client) -> None:
    assert refused(manager.post("/models"))[0] == 400
    damaged = manager.post("/models?url=damaged.mar")
    assert refused(damaged) == (400, "InvalidModelException")
    assert damaged.json()["message"].startswith("damaged.mar is no archive that can be read")
    broken = manager.post("/models?url=broken.mar&initial_workers=1")
    assert (broken.status_code, "nothing_of_this_name" in broken.json()["message"]) == (500, True)
    listed = manager.get("/models").json()["models"]
    assert [model["modelName"] for model in listed] == ["tiny"]


@pytest.mark.parametrize(
    ("handler", "wrong"),
    [
        ("other.py", ", but has no other.py (Python files there: handler.py)."),
        ("other:handle", ", but has no other.py (Python files there: handler.py)."),
        ("../handler.py", ", which leaves the archive."),
    ],
)
def test_a_wrong_handler_is_the_requests_fault_and_not_the_manifests(
    manager: httpx.Client, handler: str, wrong: str
) -> None:
    missing = manager.post("/models", params={"url": "tells.mar", "handler": handler})
    assert refused(missing) == (400, "InvalidModelException")
    assert missing.json()["message"] == f"tells.mar is to be registered with handler={handler!r}{wrong}"
    assert manager.get("/models/tells").status_code == 404


@pytest.mark.usefixtures("tells")
@pytest.mark.parametrize(
    ("method", "path", "misspelt", "meant"),
    [
        ("POST", "/models?url=second.mar", "inital_workers", "initial_workers"),
        ("POST", "/models?url=second.mar", "batchSize", "batch_size"),
        ("PUT", "/models/tells?max_worker=1", "min_workers", "min_worker"),
        ("GET", "/models?", "limits", "limit"),
        ("GET", "/models/tells?", "customised", "customized"),
    ],
)
def test_a_misspelt_parameter_is_refused_with_what_is_meant(
    manager: httpx.Client, method: str, path: str, misspelt: str, meant: str
) -> None:
    answer = manager.request(method, f"{path}&{misspelt}=1")
    assert refused(answer) == (400, "BadRequestException")
    assert answer.json()["message"] == f"there is no parameter {misspelt!r}: did you mean {meant}?"
    assert manager.get("/models/tells/2.0").status_code == 404


@pytest.mark.parametrize("name", ["a b", "-x", "é", "team/tiny"])
def test_a_name_that_no_model_may_have_is_refused_with_those_that_one_may(manager: httpx.Client, name: str) -> None:
    answer = manager.post("/models", params={"url": "second.mar", "model_name": name})
    assert refused(answer) == (400, "BadRequestException")
    assert answer.json()["message"] == (
        "Parameter model_name must be letters, digits, '_', '.' and '-', and start with a letter or a digit: "
        f"{name!r} is not."
    )


def test_one_in_a_body_is_refused_too(manager: httpx.Client) -> None:
    answer = manager.post("/models", json={"url": "tells.mar", "inital_workers": 1})
    assert refused(answer) == (400, "BadRequestException")
    assert manager.get("/models/tells").status_code == 404


@pytest.mark.usefixtures("tells")
def test_parameters_that_only_torchserve_has_are_passed_over(manager: httpx.Client) -> None:
    registration = "url=second.mar&runtime=python&s3_sse_kms=false&purpose=tests"
    assert manager.post(f"/models?{registration}").status_code == 200
    assert manager.put("/models/tells?min_worker=1&number_gpu=0&timeout=9&synchronous=true").status_code == 200
    assert manager.get("/models?page=3").status_code == 200
    assert manager.get("/models/tells?verbose=true").status_code == 200
    assert manager.delete("/models/tells/2.0?synchronous=true&timeout=9").status_code == 200


def test_a_model_that_never_loads_is_unregistered(manager: httpx.Client, client: httpx.Client) -> None:
    assert manager.post("/models?url=endless.mar&initial_workers=1&synchronous=false").status_code == 202
    document = described(manager, "endless")
    assert (document["status"], document["problem"]) == ("Loading", "is being loaded")
    assert client.get("/v2/health/ready").status_code == 503
    assert manager.delete("/models/endless").status_code == 200
    assert client.get("/v2/health/ready").status_code == 200


@pytest.mark.parametrize("query", ["min_worker=2&max_worker=1", "min_worker=x", "synchronous=perhaps", "min_worker=-1"])
@pytest.mark.usefixtures("tells")
def test_a_scaling_that_makes_no_sense_is_refused(manager: httpx.Client, query: str) -> None:
    assert refused(manager.put(f"/models/tells?{query}")) == (400, "BadRequestException")


@pytest.mark.usefixtures("tells")
def test_models_are_listed_in_pages(manager: httpx.Client) -> None:
    first = manager.get("/models?limit=1").json()
    assert first == {"nextPageToken": "1", "models": [{"modelName": "tells", "modelUrl": "tells.mar"}]}
    second = manager.get("/models", params={"limit": 1, "next_page_token": first["nextPageToken"]}).json()
    assert second == {"models": [{"modelName": "tiny", "modelUrl": "tiny"}]}


def test_a_prepared_model_has_no_workers(manager: httpx.Client) -> None:
    document = described(manager, "tiny")
    assert (document["workers"], document["loadedAtStartup"]) == ([], True)
    assert refused(manager.put("/models/tiny?min_worker=2")) == (400, "BadRequestException")


def test_a_body_that_is_too_large_names_no_flag_which_says_nothing_of_the_managers(manager: httpx.Client) -> None:
    refused = manager.post("/models", json={"url": "x" * 65_536})
    assert (refused.status_code, refused.json()["message"]) == (413, "the body has more than 65536 bytes")


def test_nobody_manages_without_the_managers_token(server: RunningServer, client: httpx.Client) -> None:
    for headers in ({}, {"authorization": "Bearer of clients"}):
        assert (
            refused(httpx.get(f"{server.management_url}/models", headers=headers, timeout=PATIENCE_SECONDS))[0] == 401
        )
    assert client.post("/models?url=tells.mar").status_code == 405, "nor where clients ask"
    assert (
        httpx.get(
            f"{server.url}/models", headers={"authorization": f"Bearer {SECRET}"}, timeout=PATIENCE_SECONDS
        ).status_code
        == 401
    )


def test_the_api_describes_itself(manager: httpx.Client) -> None:
    paths = manager.options("/").json()["paths"]
    assert set(paths["/models/{name}"]) == {"get", "put", "delete"}
    assert refused(manager.patch("/models/tiny")) == (405, "MethodNotAllowedException")
    assert refused(manager.get("/nothing"))[0] == 404
