"""Tokens per second of text generation: requests one after the other, and eight at once, beside transformers' own.

    python -m benchmarks.serving.generation [--rounds N]

SmolLM2-135M in float32 and in bfloat16; every request has another prompt and is continued by the same number of tokens.
The peer is transformers' pipeline for text generation with the same weights in our frame, given what has come in the
meantime, at most 8 texts at once.
"""

import json
import statistics
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from benchmarks.ports import free_port
from benchmarks.report import Result, main
from benchmarks.serving.load import ask
from benchmarks.serving.models import PROGRAM, prepare_manifest
from benchmarks.serving.process import running

_MODEL = Path("examples/generation/model.yaml")
_PRECISIONS = ("Float32", "BFloat16")
_CLIENTS = 8
_TOKENS = 32
_SUBJECTS = (
    "sea",
    "wind",
    "city",
    "garden",
    "clock",
    "river",
    "mountain",
    "library",
    "train",
    "bread",
    "winter",
    "moon",
)


@dataclass(frozen=True)
class Writer:
    """A server that writes.

    Attributes:
        name: what it is called in the table.
        precision: of its weights.
        url: where requests go.
        alone: tokens per second of one client, in each round.
        together: the same of eight.
    """

    name: str
    precision: str
    url: str
    alone: list[float] = field(default_factory=list)
    together: list[float] = field(default_factory=list)

    def warm_up(self, bodies: Path) -> None:
        """Ask it what is not counted."""
        self._rate(bodies, _CLIENTS, _CLIENTS)

    def ask(self, bodies: Path) -> None:
        """Ask it in both ways."""
        self.alone.append(self._rate(bodies, 1, len(_SUBJECTS)))
        self.together.append(self._rate(bodies, _CLIENTS, 4 * _CLIENTS))

    def _rate(self, bodies: Path, clients: int, requests: int) -> float:
        done = ask(self.url, bodies, clients=clients, seconds=240, requests=requests)
        if done.answered < requests:
            raise RuntimeError(f"requests to {self.name} failed: {dict(done.statuses)}")
        return done.rate * _TOKENS


def measure(rounds: int = 3) -> Result:
    """Ask all in both ways in every round."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as servers:
        folder = Path(name)
        bodies = _write_requests(folder / "requests.jsonl")
        writers = [
            servers.enter_context(serve(path, precision, folder))
            for precision, path in _prepared(folder).items()
            for serve in (_ours, _pipeline)
        ]
        for writer in writers:
            writer.warm_up(bodies)
        for _ in range(rounds):
            for writer in writers:
                writer.ask(bodies)
    return Result(
        _table(writers),
        [
            {"name": f"{writer.name} {writer.precision}", "alone": writer.alone, "together": writer.together}
            for writer in writers
        ],
    )


def _prepared(folder: Path) -> dict[str, Path]:
    """The example in each precision."""
    paths = {}
    for precision in _PRECISIONS:
        manifest = yaml.safe_load(_MODEL.read_text())
        manifest["spec"]["preparation"] |= {"precision": precision, "parity": {"tolerance": "0.1"}}
        del manifest["spec"]["tests"]  # which hold for float32
        file = folder / f"{precision.lower()}.yaml"
        file.write_text(yaml.safe_dump(manifest))
        paths[precision] = prepare_manifest(file, folder / "store")
    return paths


@contextmanager
def _ours(path: Path, precision: str, folder: Path) -> Iterator[Writer]:
    port = free_port()
    command = [PROGRAM, "serve", f"writer={path}", "--http-port", str(port), "--grpc-port", str(free_port())]
    with running(command, f"http://127.0.0.1:{port}", "/v2/health/ready", folder / f"{port}.log") as server:
        yield Writer("transformermodel", precision, f"{server.url}/v2/models/writer/infer")


@contextmanager
def _pipeline(path: Path, precision: str, folder: Path) -> Iterator[Writer]:
    port = free_port()
    command = [sys.executable, "-m", "benchmarks.serving.peers.own_frame", "write", path, port]
    with running(command, f"http://127.0.0.1:{port}", "/v2/health/ready", folder / f"{port}.log") as server:
        yield Writer("transformers' pipeline", precision, f"{server.url}/v2/models/peer/infer")


def _table(writers: list[Writer]) -> str:
    rows = [
        f"| {writer.name}, {writer.precision.lower()} | {statistics.median(writer.alone):.1f} "
        f"| {statistics.median(writer.together):.1f} | {_ratio(writer.together, writer.alone)} "
        f"| {_ratio(ours.alone, writer.alone)} | {_ratio(ours.together, writer.together)} |"
        for writer in writers
        for ours in writers
        if ours.name == writers[0].name and ours.precision == writer.precision
    ]
    return "\n".join(
        [
            "| SmolLM2-135M, tokens/s | one client | 8 at once | of one client | ours of it: one client | 8 at once |",
            "|--|--|--|--|--|--|",
            *rows,
        ]
    )


def _ratio(rates: list[float], others: list[float]) -> str:
    """The median of what was measured in the same round."""
    return f"{statistics.median(rate / other for rate, other in zip(rates, others, strict=True)):.2f} x"


def _write_requests(path: Path) -> Path:
    parameters = {"max_new_tokens": _TOKENS, "min_new_tokens": _TOKENS}
    tensors = [
        {"name": "text", "shape": [1], "datatype": "BYTES", "data": [f"A short story about the {subject}:"]}
        for subject in _SUBJECTS
    ]
    path.write_text("".join(json.dumps({"inputs": [tensor], "parameters": parameters}) + "\n" for tensor in tensors))
    return path


if __name__ == "__main__":
    main(measure)
