"""A hub with a repository, and somebody who watches."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.server import HubServer, serving
from tests.predictor.watcher import Watcher

FILES = {
    "config.json": b'{"model_type": "bert"}',
    "model.safetensors": bytes(range(256)) * 4096 * 3,
    "tokenizer.json": b"{}",
    "README.md": b"not needed",
    "pytorch_model.bin": b"a pickle",
    "onnx/model.onnx": b"not needed",
}
NEEDED = {"config.json", "model.safetensors", "tokenizer.json"}


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
