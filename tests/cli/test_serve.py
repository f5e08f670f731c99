"""`transformermodel serve` as a newcomer uses it: the real example, a real process, real requests."""

import json
import os
import re
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.cli.forked import Forked, run
from tests.ports import free_port
from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.preparation.conftest import FAITHFUL
from transformermodel_api.preparation import Precision
from transformermodel_predictor.preparation.contest.parity import TOLERANCES

EXAMPLE = Path("examples/sentiment")
ROUNDING = TOLERANCES[Precision.BFloat16]
"""Auto may take bfloat16."""
PROGRAM = Path(sys.executable).parent / "transformermodel"

pytestmark = pytest.mark.slow


def started(*arguments: str, environment: Mapping[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen([str(PROGRAM), *arguments], stderr=subprocess.PIPE, text=True, env=environment)


class Server:
    """A running `transformermodel serve`, and what it has said until it was ready.

    Args:
        start: starts the command, as a newcomer does or as a copy of a process that has imported what it needs.
    """

    def __init__(
        self, store: Path, *arguments: str, start: Callable[..., subprocess.Popen[str] | Forked] = started
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        ports = ["--http-port", str(self.port), "--grpc-port", "0"]
        environment = {**os.environ, "COLUMNS": "200"}
        self.process = start("serve", *arguments, *ports, "--store", str(store), environment=environment)
        self.said = ""

    def until(self, word: str) -> str:
        """Read on until a line has the word; the line."""
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.said += line
            if word in line:
                return line
        raise AssertionError(f"the server ended without saying {word!r}:\n{self.said}")

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        _, rest = self.process.communicate()
        self.said += rest
        return self.process.returncode


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="module")
def server(store: Path) -> Iterator[Server]:
    running = Server(store, str(EXAMPLE / "model.yaml"))
    running.until("curl")
    yield running
    if running.process.poll() is None:
        running.stop(signal.SIGTERM)


def document(name: str) -> Any:
    return json.loads((EXAMPLE / name).read_text())


def answer(server: Server, path: str, request: str) -> Any:
    response = httpx.post(f"{server.url}{path}", json=document(request), timeout=PATIENCE_SECONDS)
    assert response.status_code == 200, response.text
    return response.json()


def tensors(answered: Any) -> dict[str, list[Any]]:
    return {tensor["name"]: tensor["data"] for tensor in answered["outputs"]}


def test_it_says_what_was_prepared(server: Server) -> None:
    assert re.search(r"digest +(sha256:)?[0-9a-f]{64}", server.said)
    assert re.search(r"commit +\S+", server.said)
    assert re.search(r"size +\d\d\.\d MB", server.said)
    assert f"Serving on {server.url}" in server.said


def test_it_says_what_it_does_between_preparing_and_serving(server: Server) -> None:
    lines = server.said.splitlines()
    prepared, loading, serving = (
        next(number for number, line in enumerate(lines) if line.startswith(words))
        for words in ("Prepared sentiment", "Loading sentiment", "Serving on")
    )
    assert prepared < loading < serving


def test_the_printed_line_can_be_pasted(server: Server) -> None:
    line = next(line for line in server.said.splitlines() if line.strip().startswith("curl"))
    shown = subprocess.run(shlex.split(line), capture_output=True, text=True, check=True)
    assert tensors(json.loads(shown.stdout))["label"] == ["POSITIVE"]


def test_the_example_request_of_v1_has_the_expected_answer(server: Server) -> None:
    answered = answer(server, "/v1/models/sentiment:predict", "request.v1.json")["predictions"]
    expected = document("answer.v1.json")["predictions"]
    assert [row["label"] for row in answered] == [row["label"] for row in expected]
    assert [row["score"] for row in answered] == pytest.approx([row["score"] for row in expected], abs=ROUNDING)


def test_the_example_request_of_v2_has_the_expected_answer(server: Server) -> None:
    answered = answer(server, "/v2/models/sentiment/infer", "request.v2.json")
    expected = document("answer.v2.json")
    assert answered["model_name"] == expected["model_name"]
    assert tensors(answered)["label"] == tensors(expected)["label"]
    assert tensors(answered)["score"] == pytest.approx(tensors(expected)["score"], abs=ROUNDING)


def test_a_second_start_finds_the_artifact_and_a_port_in_use_is_named(server: Server, store: Path) -> None:
    command = [
        str(PROGRAM),
        "serve",
        str(EXAMPLE / "model.yaml"),
        "--http-port",
        str(server.port),
        "--store",
        str(store),
    ]
    shown = subprocess.run(command, capture_output=True, text=True, check=False)
    assert shown.returncode == 2
    assert str(server.port) in shown.stderr
    assert "--http-port" in shown.stderr
    assert "Traceback" not in shown.stderr


@pytest.mark.parametrize("command", [["serve", "--http-port", "0", "--grpc-port", "0"], ["explain", "--text", "x"]])
def test_a_device_that_is_not_here_is_told_while_the_model_is_prepared(tmp_path: Path, command: list[str]) -> None:
    model = yaml.safe_load((EXAMPLE / "model.yaml").read_text())
    with socket.create_server(("127.0.0.1", 0)) as silent:  # so the preparation goes on
        model["spec"]["source"] = {"uri": f"https://127.0.0.1:{silent.getsockname()[1]}/model.zip"}
        (tmp_path / "model.yaml").write_text(yaml.safe_dump(model))
        manifest, store = str(tmp_path / "model.yaml"), str(tmp_path / "store")
        shown = run(*command, manifest, "--store", store, "--device", "cuda:99")
    assert shown.returncode == 2, shown.stderr
    assert "error: device CUDA 99 is not here: this machine has" in shown.stderr


def test_ctrl_c_ends_it_quietly(store: Path) -> None:
    running = Server(store, str(EXAMPLE / "model.yaml"), start=Forked)
    running.until("curl")
    assert "Acquire" not in running.said, "the second preparation should have found the first"
    assert running.stop(signal.SIGINT) in (0, 130)
    assert "Traceback" not in running.said


def test_a_golden_answer_that_does_not_come_stops_before_serving(tmp_path: Path) -> None:
    model = yaml.safe_load((EXAMPLE / "model.yaml").read_text())
    model["spec"]["source"]["adapterUri"] = f"file://{(EXAMPLE / 'adapter').resolve()}"
    model["spec"]["preparation"] |= FAITHFUL
    model["spec"]["tests"][0]["expect"]["label"] = "NEGATIVE"
    manifest = tmp_path / "model.yaml"
    manifest.write_text(yaml.safe_dump(model))
    shown = run("prepare", str(manifest), "--store", str(tmp_path / "store"))
    assert shown.returncode == 20
    assert "GoldenAnswerMismatch" in shown.stderr
    assert "Traceback" not in shown.stderr
    assert not list((tmp_path / "store").glob("artifacts/*"))
