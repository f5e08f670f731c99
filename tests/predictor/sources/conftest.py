"""A hub with a repository, and somebody who watches."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.server import HubServer, serving
from transformermodel_predictor.preparation.progress import Step

FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": bytes(range(256)) * 4096 * 3,
    "tokenizer.json": b"{}",
    "README.md": b"not needed",
    "pytorch_model.bin": b"a pickle",
    "onnx/model.onnx": b"not needed",
}
NEEDED = {"config.json", "model.safetensors", "tokenizer.json"}


class Watcher:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.steps: list[tuple[Step, str]] = []
        self.progress: list[tuple[int, int]] = []

    def step(self, step: Step, detail: str) -> None:
        self.steps.append((step, detail))

    def bytes(self, done: int, total: int) -> None:
        self.progress.append((done, total))


@pytest.fixture
def watcher() -> Watcher:
    return Watcher()


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[HubServer]:
    """A hub that HF_ENDPOINT points at; nobody is logged in."""
    monkeypatch.delenv("TRANSFORMERMODEL_HUB_ENDPOINT", raising=False)
    monkeypatch.delenv("HF_TOKEN", raising=False)
    with serving(tmp_path / "hub") as server:
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        yield server


@pytest.fixture
def commit(hub: HubServer) -> str:
    return hub.repositories.publish("org/model", FILES)
