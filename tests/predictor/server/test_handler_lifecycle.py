"""A server with a handler's workers, from its beginning to its end."""

import contextlib
import logging
import threading
from pathlib import Path

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.server.handler_archive import archive
from tests.predictor.server.running import running
from transformermodel_api.errors import UserError
from transformermodel_predictor.server.lifecycle import ModelServer
from transformermodel_predictor.server.listeners import listening
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.torchserve.reading.store import StoredModel
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

ON_ANY_PORT = ServerOptions(host="127.0.0.1", http_port=0, grpc_port=None)

WAITS = """
    import os
    import pathlib
    import time

    def handle(rows, context):
        if rows is None:
            return None
        pathlib.Path("begun").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.01)
        return [str(os.getpid()) for _ in rows]
"""

LOADS = """
    import pathlib
    import time

    def handle(rows, context):
        pathlib.Path("begun").touch()
        while True:
            time.sleep(0.01)
"""

BROKEN = """
    import nothing_of_this_name

    def handle(rows, context):
        return rows
"""

VERSION = """
    def handle(rows, context):
        return None if rows is None else [context.manifest["model"]["modelVersion"] for _ in rows]
"""


def unpacked(folder: Path, source: str) -> Path:
    """An archive that is served where it is, so that tests reach its folder."""
    folder.mkdir()
    (folder / "handler.py").write_text("\n".join(line.removeprefix("    ") for line in source.splitlines()))
    return folder


def wait_for(file: Path) -> None:
    waiting = threading.Event()
    for _ in range(PATIENCE_SECONDS * 100):
        if file.exists():
            return
        waiting.wait(0.01)
    raise AssertionError(f"there is no {file}")


def test_an_interrupt_ends_workers_that_are_busy(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "waits", WAITS)
    with running({}, archives={"waits": folder}) as server:
        asking = threading.Thread(target=ask_in_vain, args=[f"{server.url}/predictions/waits"])
        asking.start()
        wait_for(folder / "begun")
        server.interrupt()
        server.wait_until_ended()
        asking.join(PATIENCE_SECONDS)
    assert processes_in(folder) == []


def ask_in_vain(url: str) -> None:
    with contextlib.suppress(httpx.TransportError):
        assert httpx.post(url, timeout=PATIENCE_SECONDS).status_code == 503


def processes_in(folder: Path) -> list[str]:
    """Processes that work in a folder."""
    return [str(link) for link in Path("/proc").glob("[0-9]*/cwd") if works_in(link, folder)]


def works_in(link: Path, folder: Path) -> bool:
    try:
        return link.readlink() == folder
    except OSError:
        return False


def test_a_server_that_drains_finishes_what_a_handler_has_begun(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "waits", WAITS)
    answers: list[httpx.Response] = []
    with running({}, archives={"waits": folder}) as server:
        url = f"{server.url}/predictions/waits"
        asking = threading.Thread(target=lambda: answers.append(httpx.post(url, timeout=PATIENCE_SECONDS)))
        asking.start()
        wait_for(folder / "begun")
        server.drain()
        server.wait_until_refusing()
        (folder / "go").touch()
        asking.join(PATIENCE_SECONDS)
        server.wait_until_ended()
    assert answers[0].status_code == 200
    assert processes_in(folder) == []


def test_a_handler_that_cannot_be_loaded_leaves_the_others_to_answer(tmp_path: Path) -> None:
    (tmp_path / "damaged.mar").write_bytes(b"no archive")
    archives = {
        "broken": archive(tmp_path / "broken.mar", BROKEN),
        "damaged": tmp_path / "damaged.mar",
        "well": archive(tmp_path / "well.mar", VERSION),
    }
    with running({}, archives=archives) as server:
        assert httpx.post(f"{server.url}/predictions/well", timeout=PATIENCE_SECONDS).text == "1.0"
        for model, why in (("broken", "nothing_of_this_name"), ("damaged", "damaged.mar is no archive")):
            refused = httpx.post(f"{server.url}/predictions/{model}", timeout=PATIENCE_SECONDS)
            assert (refused.status_code, why in refused.json()["message"]) == (503, True)
        assert httpx.get(f"{server.url}/ping", timeout=PATIENCE_SECONDS).status_code == 503, (
            "not all that was wanted is there"
        )


def test_where_it_is_the_only_one_the_server_ends_with_its_problem_and_says_it_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    server = ModelServer({"broken": archive(tmp_path / "broken.mar", BROKEN)}, ON_ANY_PORT)
    with (
        listening(ON_ANY_PORT) as listeners,
        pytest.raises(UserError, match=r"nothing_of_this_name.*handler\.py"),
    ):
        server.run(listeners)
    assert [record.message for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_a_server_that_ends_while_a_handler_loads_leaves_no_process(tmp_path: Path) -> None:
    folder = unpacked(tmp_path / "loads", LOADS)
    server = ModelServer({"loads": folder}, ON_ANY_PORT)
    with listening(ON_ANY_PORT) as listeners:
        serving = threading.Thread(target=server.run, args=[listeners])
        serving.start()
        wait_for(folder / "begun")
        server.http.close()
        serving.join(PATIENCE_SECONDS)
    assert not serving.is_alive()
    assert processes_in(folder) == []


def test_an_archive_is_unloaded_and_loaded_again(tmp_path: Path) -> None:
    archives = {"model": archive(tmp_path / "model.mar", VERSION)}
    with (
        running({}, archives=archives) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        assert client.post("/v2/repository/models/model/unload").status_code == 200
        assert client.post("/predictions/model").status_code == 503
        assert client.post("/v2/repository/models/model/load").status_code == 200
        assert client.post("/predictions/model").text == "1.0"


def test_a_store_may_have_several_versions_of_a_model(tmp_path: Path) -> None:
    stored = [
        StoredModel(
            "model",
            version,
            archive(tmp_path / f"{version}.mar", VERSION, "model", version),
            WorkerSettings(),
            is_default=version == "2.0",
        )
        for version in ("1.0", "2.0")
    ]
    with running({}, stored=stored) as server, httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        answers = [client.post(f"/predictions/{path}").text for path in ("model", "model/1.0", "model/2.0")]
        assert answers == ["2.0", "1.0", "2.0"]
        listed = client.get("/models").json()["models"]
        assert listed == [{"modelName": "model", "modelUrl": "2.0.mar"}]
