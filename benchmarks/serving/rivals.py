"""The servers that are compared, all running at once and asked in turn."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil

from benchmarks.ports import free_port
from benchmarks.serving.load import Load, ask
from benchmarks.serving.models import PROGRAM, PreparedModel
from benchmarks.serving.peers import mlserver
from benchmarks.serving.process import Server, running
from benchmarks.serving.texts import write_lines, write_requests
from tests.torchserve.server import serving as running_torchserve
from transformermodel_predictor.torchserve.archive import ArchiveFormat, write_archive
from transformermodel_predictor.torchserve.packing import ArchiveOptions, pack_handler

_PEERS = Path(__file__).parent / "peers"
_TORCHSERVE_CONFIGURATION = "minWorkers: 1\nmaxWorkers: 1\nbatchSize: 8\nmaxBatchDelay: 5\n"
BATCH = 32


@dataclass(frozen=True)
class Rival:
    """A server with what it is asked.

    Attributes:
        name: what it is called in the table.
        server: its process.
        url: where requests go.
        bodies: the requests.
        content_type: their content type.
    """

    name: str
    server: Server
    url: str
    bodies: Path
    content_type: str = "application/json"

    def ask(self, clients: int, seconds: float, requests: int = 0, probe: str = "") -> Load:
        """Ask it with so many clients."""
        probed = f"{self.server.url}{probe}" if probe else ""
        return ask(
            self.url,
            self.bodies,
            clients=clients,
            seconds=seconds,
            requests=requests,
            content_type=self.content_type,
            probe=probed,
        )


@contextmanager
def ours(
    model: PreparedModel, texts: list[str], folder: Path, environment: Mapping[str, str] | None = None
) -> Iterator[Rival]:
    """Our own server, as a user starts it; with these variables besides those of this process."""
    port = free_port()
    name = f"transformermodel, {model.engine.lower()} {model.precision.lower()}"
    command = [PROGRAM, "serve", f"sentiment={model.path}", "--http-port", port, "--grpc-port", free_port()]
    log = folder / f"ours-{port}.log"
    with running(command, f"http://127.0.0.1:{port}", "/v2/health/ready", log, environment) as server:
        bodies = write_requests(texts, "text", folder / f"ours-{port}.jsonl")
        yield Rival(name, server, f"{server.url}/v2/models/sentiment/infer", bodies)


@contextmanager
def bare(model: PreparedModel, texts: list[str], folder: Path) -> Iterator[Rival]:
    """The least around the engine: an ASGI application that calls it in place."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.serving.peers.bare_asgi", port, model.path]
    with running(command, f"http://127.0.0.1:{port}", "/ready", folder / f"bare-{port}.log") as server:
        bodies = write_requests(texts, "text", folder / f"bare-{port}.jsonl")
        yield Rival("bare ASGI", server, f"{server.url}/infer", bodies)


@contextmanager
def pipeline(model: PreparedModel, texts: list[str], folder: Path) -> Iterator[Rival]:
    """Transformers' pipeline in our frame."""
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.serving.peers.own_frame", "classify", model.path, port]
    with running(command, f"http://127.0.0.1:{port}", "/v2/health/ready", folder / "pipeline.log") as server:
        bodies = write_requests(texts, "text", folder / "pipeline.jsonl")
        yield Rival("transformers' pipeline, batches of 8", server, f"{server.url}/v2/models/peer/infer", bodies)


@contextmanager
def mlserver_runtime(model: PreparedModel, texts: list[str], folder: Path, threads: int) -> Iterator[Rival]:
    """MLServer's Hugging Face runtime."""
    mlserver.install()
    settings = folder / "mlserver"
    settings.mkdir()
    port = free_port()
    command = mlserver.command(model.path, settings, port, BATCH)
    log, ready = folder / "mlserver.log", "/v2/models/sentiment/ready"
    with running(command, f"http://127.0.0.1:{port}", ready, log, mlserver.environment(threads)) as server:
        bodies = write_requests(texts, mlserver.INPUT, folder / "mlserver.jsonl")
        yield Rival("MLServer 1.7.1, Hugging Face runtime", server, f"{server.url}/v2/models/sentiment/infer", bodies)


@contextmanager
def torchserve(model: PreparedModel, texts: list[str], folder: Path, threads: int) -> Iterator[Rival]:
    """TorchServe with a plain handler."""
    configuration = folder / "model-config.yaml"
    configuration.write_text(_TORCHSERVE_CONFIGURATION)
    content = tuple(path for path in model.path.iterdir() if path.name not in ("model-config.yaml", "manifest.json"))
    options = ArchiveOptions(
        "sentiment", handler=str(_PEERS / "torchserve_handler.py"), extra_files=content, config_file=configuration
    )
    archive = write_archive(
        pack_handler(options, datetime.now(UTC).date()), folder / "archives", ArchiveFormat.zip_store
    )
    with running_torchserve([archive], folder, threads) as running_server:
        bodies = write_lines(texts, folder / "torchserve.txt")
        server = Server(psutil.Process(running_server.pid), running_server.url, 0.0)
        name = "TorchServe 0.12, plain handler"
        yield Rival(name, server, f"{server.url}/predictions/sentiment", bodies, "text/plain")


@contextmanager
def doing_nothing(kind: str, texts: list[str], folder: Path) -> Iterator[Rival]:
    """A frame around a model that does nothing: `own_frame`, `kserve_frame` or `bare_asgi`."""
    port = free_port()
    arguments = ["noop"] if kind == "own_frame" else []
    command = [sys.executable, "-m", f"benchmarks.serving.peers.{kind}", *arguments, port]
    name = "peer" if kind == "own_frame" else "noop"
    ready = f"/v2/models/{name}/ready"
    with running(command, f"http://127.0.0.1:{port}", ready, folder / f"{kind}.log") as server:
        bodies = write_requests(texts, "text", folder / f"{kind}.jsonl")
        yield Rival(kind, server, f"{server.url}/v2/models/{name}/infer", bodies)
