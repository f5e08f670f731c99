"""How a server ends, and what keeps it from beginning."""

import contextlib
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import torch

from tests.predictor.gated import PATIENCE_SECONDS, GatedEngine
from tests.predictor.server.running import running
from tests.predictor.tiny import LABELS, publish, save_tiny_checkpoint
from transformermodel_api.errors import CorruptArtifact, PreparationFailed, UserError
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.handler import Handler
from transformermodel_predictor.handlers import make_handler
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.protocols.errors import ServerEnds
from transformermodel_predictor.server.address import Addresses, listen
from transformermodel_predictor.server.http_server import HTTPServer
from transformermodel_predictor.server.lifecycle import ModelServer
from transformermodel_predictor.server.listeners import listening
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.serving import serve
from transformermodel_predictor.telemetry.observer import Observer
from transformermodel_predictor.workers import Workers

BODY = {"instances": ["good"]}
LONG = 3600.0


def test_a_draining_server_is_not_ready_and_serves_on(tiny_model: LoadedModel) -> None:
    with (
        running({"tiny": tiny_model}, ServerOptions(drain_seconds=LONG)) as server,
        httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client,
    ):
        server.drain()
        while client.get("/v2/health/ready").status_code == 200:  # until the signal has arrived
            pass
        assert client.get("/v2/models/tiny/ready").status_code == 503
        assert client.get("/v1/models/tiny").status_code == 503
        live = client.get("/v2/health/live")
        assert (live.status_code, live.headers["connection"]) == (200, "close"), "the next request goes elsewhere"
        assert (
            httpx.post(f"{server.url}/v1/models/tiny:predict", json=BODY, timeout=PATIENCE_SECONDS).status_code == 200
        )


def test_after_draining_the_listener_closes_and_requests_in_flight_finish(
    gated_model: LoadedModel, gated_engine: GatedEngine
) -> None:
    with running({"tiny": gated_model}) as server, ThreadPoolExecutor() as clients:
        url = f"{server.url}/v1/models/tiny:predict"
        in_flight = clients.submit(httpx.post, url, json=BODY, timeout=PATIENCE_SECONDS)
        gated_engine.wait_until_busy()
        server.drain()
        server.wait_until_refusing()
        assert not in_flight.done()
        gated_engine.open()
        assert in_flight.result().status_code == 200
        server.wait_until_ended()


def test_a_request_that_takes_longer_than_the_server_waits_is_told_so_and_counted_as_told(
    gated_model: LoadedModel, gated_engine: GatedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with running({"tiny": gated_model}, ServerOptions(finish_seconds=0)) as server, ThreadPoolExecutor() as clients:
        url = f"{server.url}/v1/models/tiny:predict"
        in_flight = clients.submit(httpx.post, url, json=BODY, timeout=PATIENCE_SECONDS)
        gated_engine.wait_until_busy()
        server.drain()
        answer = in_flight.result()
        gated_engine.open()
        server.wait_until_ended()
        assert server.counted("v1") == {"503": 1}
    assert (answer.status_code, answer.json()) == (503, {"error": str(ServerEnds())})
    assert "Traceback" not in caplog.text


def test_a_request_that_comes_when_the_threads_have_ended_is_told_to_ask_again(
    tiny_model: LoadedModel, caplog: pytest.LogCaptureFixture
) -> None:
    with running({"tiny": tiny_model}) as server:
        server.end_workers()
        for path in ("/v1/models/tiny:predict", "/v1/models/tiny:explain", "/v1/models/tiny:explain"):
            answer = httpx.post(f"{server.url}{path}", json=BODY, timeout=PATIENCE_SECONDS)
            assert (answer.status_code, answer.json()) == (503, {"error": str(ServerEnds())})
            assert "retry-after" in answer.headers
    assert "Traceback" not in caplog.text


def test_an_interrupt_does_not_wait_for_requests(
    gated_model: LoadedModel, gated_engine: GatedEngine, caplog: pytest.LogCaptureFixture
) -> None:
    with running({"tiny": gated_model}) as server, ThreadPoolExecutor() as clients:
        url = f"{server.url}/v1/models/tiny:predict"
        in_flight = clients.submit(httpx.post, url, json=BODY, timeout=PATIENCE_SECONDS)
        gated_engine.wait_until_busy()
        server.interrupt()
        server.wait_until_refusing()
        with contextlib.suppress(httpx.RemoteProtocolError):  # cut off, with or without a last word
            assert in_flight.result().status_code == 503
        server.wait_until_ended()
        gated_engine.open()
    assert "Traceback" not in caplog.text


@pytest.mark.parametrize("end", [HTTPServer.drain, HTTPServer.interrupt])
def test_a_server_that_is_told_to_end_while_it_loads_is_not_announced(
    tiny_model: LoadedModel, end: Callable[[HTTPServer], None]
) -> None:
    ended, announced = threading.Event(), list[Addresses]()

    def end_it() -> None:
        end(server.http)
        ended.set()

    def load(name: str, _: Path, workers: Workers, observer: Observer) -> Handler:
        assert server.http._serving is not None
        server.http._serving.get_loop().call_soon_threadsafe(end_it)
        assert ended.wait(PATIENCE_SECONDS)
        return make_handler(name, tiny_model, workers, observer)

    options = ServerOptions(host="127.0.0.1", http_port=0, on_ready=announced.append)
    server = ModelServer({"tiny": Path()}, options, load)
    with listening(options) as listeners:
        server.run(listeners)
    assert announced == []


class TestRefusal:
    @pytest.fixture(autouse=True)
    def one_thread(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(
            "transformermodel_predictor.server.serving.limit_threads", lambda wanted: torch.get_num_threads()
        )

    def test_a_port_in_use_is_found_before_models_are_looked_at(self) -> None:
        with listen("127.0.0.1", 0) as other:
            port = other.getsockname()[1]
            with pytest.raises(UserError, match=f"port {port} .*--http-port"):
                serve({"tiny": Path("/nowhere")}, ServerOptions(host="127.0.0.1", http_port=port))

    def test_a_damaged_artifact_ends_the_server_with_one_line_that_names_the_file(
        self, tiny_artifact: Artifact, tmp_path: Path
    ) -> None:
        copy = tmp_path / "artifact"
        shutil.copytree(tiny_artifact.path, copy)
        (copy / "config.json").chmod(0o644)
        (copy / "config.json").write_text("{}")
        ready: list[str] = []
        with pytest.raises(CorruptArtifact, match=r"config\.json") as refusal:
            serve({"tiny": copy}, ServerOptions(http_port=0, on_ready=ready.append))
        assert "\n" not in str(refusal.value)
        assert refusal.value.exit_status == 16
        assert ready == []

    def test_a_directory_that_was_never_prepared(self, tmp_path: Path) -> None:
        with pytest.raises(CorruptArtifact, match="transformermodel prepare"):
            serve({"tiny": save_tiny_checkpoint(tmp_path)}, ServerOptions(http_port=0))

    def test_weights_that_do_not_fit_their_task(self, tmp_path: Path) -> None:
        artifact = publish(save_tiny_checkpoint(tmp_path, num_labels=5, id2label=None), LABELS, 16)
        with pytest.raises(PreparationFailed, match="WeightsMismatch: the model has 5 classes"):
            serve({"tiny": artifact.path}, ServerOptions(http_port=0))
