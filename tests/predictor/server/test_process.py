"""`serve` as a process of its own: signals, exit status, what it says and what it imports."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import httpx
import pytest

from tests.predictor.gated import PATIENCE_SECONDS
from tests.predictor.torchserve.reading.archives import packed
from transformermodel_predictor.artifact.directory import Artifact

SERVE = """
import sys
from pathlib import Path
from transformermodel_predictor.server.serving import ServerOptions, serve

def ready(addresses):
    print(addresses.url, flush=True)
    print(*sys.modules, flush=True)

serve({"tiny": Path(sys.argv[1])}, ServerOptions(http_port=0, drain_seconds=float(sys.argv[2]), on_ready=ready))
print(*sys.modules, flush=True)
"""


class Process:
    """A server that is ready, and what it has imported until then, and until it has ended."""

    def __init__(self, place: Path, drain_seconds: float) -> None:
        environment = {name: value for name, value in os.environ.items() if name != "KUBERNETES_SERVICE_HOST"}
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVE, str(place), str(drain_seconds)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        assert self.process.stdout is not None
        self.url = self.process.stdout.readline().strip()
        self.modules = set(self.process.stdout.readline().split())
        self.modules_at_the_end: set[str] = set()

    def end(self, how: signal.Signals) -> tuple[int, str]:
        """Exit status and what was said on standard error."""
        self.process.send_signal(how)
        modules, said = self.process.communicate(timeout=PATIENCE_SECONDS)
        self.modules_at_the_end = set(modules.split())
        return self.process.returncode, said


class Start(Protocol):
    """Starts a server that drains for so many seconds; it has a prepared model where no other place is named."""

    def __call__(self, drain_seconds: float, place: Path = ...) -> Process: ...


@pytest.fixture
def start(tiny_artifact: Artifact) -> Iterator[Start]:
    """As its class says."""
    with contextlib.ExitStack() as ends:

        def start_one(drain_seconds: float, place: Path = tiny_artifact.path) -> Process:
            running = Process(place, drain_seconds)
            ends.callback(running.process.communicate)
            ends.callback(running.process.kill)
            return running

        yield start_one


@pytest.mark.slow
def test_it_does_without_kserves_sdk_and_while_it_drains_it_serves_on_and_ctrl_c_ends_it(start: Start) -> None:
    server = start(3600.0)
    assert "transformers" in server.modules
    assert "kserve" not in server.modules
    server.process.send_signal(signal.SIGTERM)
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:
        while client.get("/v2/health/ready").status_code == 200:  # until the signal has arrived
            pass
        assert client.post("/v1/models/tiny:predict", json={"instances": ["good"]}).status_code == 200
        assert server.end(signal.SIGINT) == (0, "")


REQUESTS = {
    "/predictions/tiny": {"body": "good"},
    "/v1/models/tiny:predict": {"instances": ["good"]},
    "/v2/models/tiny/infer": {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["good"]}]},
    "/openai/v1/completions": {"model": "tiny", "prompt": "good"},
    "/v2/models/tiny/generate": {"text_input": "good"},
}
"""A body for each protocol; those that generate are refused, by what reads them."""
PAGES = ("/metrics", "/v2", "/v2/models/tiny", "/openai/v1/models", "/openapi.json", "/playground")


def ask_everything(url: str) -> None:
    with httpx.Client(base_url=url, timeout=PATIENCE_SECONDS) as client:
        assert client.post("/predictions/tiny", content="good").status_code == 200
        assert {client.post(path, json=body).status_code for path, body in REQUESTS.items()} <= {200, 400}
        assert {path: client.get(path).status_code for path in PAGES} == dict.fromkeys(PAGES, 200)


@pytest.mark.slow
def test_the_server_of_archives_alone_never_imports_what_their_handlers_have_in_processes_of_their_own(
    start: Start, tmp_path: Path
) -> None:
    server = start(0.0, packed(tmp_path))
    ask_everything(server.url)
    assert server.end(signal.SIGINT)[0] == 0
    assert "uvicorn" in server.modules
    assert not server.modules_at_the_end & {"torch", "transformers", "numpy", "huggingface_hub", "kserve", "grpc"}


@pytest.mark.slow
def test_no_request_to_a_prepared_model_waits_for_pytorch_or_transformers_and_sigterm_ends_it_without_a_word(
    start: Start,
) -> None:
    server = start(0.0)
    assert server.url.startswith("http://127.0.0.1:")
    ask_everything(server.url)
    with httpx.Client(base_url=server.url, timeout=PATIENCE_SECONDS) as client:  # its connection stays open
        assert client.post("/v1/models/tiny:predict", json={"instances": ["good"]}).status_code == 200
        assert server.end(signal.SIGTERM) == (0, "")
    later = server.modules_at_the_end - server.modules
    assert not {name for name in later if name.partition(".")[0] in {"torch", "transformers", "tokenizers"}}


def imported(statement: str) -> set[str]:
    """The names of the modules that a new process has after a statement."""
    program = f"{statement}\nimport sys\nprint(*sys.modules, sep='\\n')"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_options_and_the_port_are_checked_without_importing_anything_heavy() -> None:
    modules = imported("from transformermodel_predictor.server.serving import ServerOptions, serve")
    assert not modules & {"torch", "transformers", "uvicorn", "kserve"}
