"""Without a hub: what huggingface_hub itself has downloaded before is enough."""

import zipfile
from pathlib import Path

import pytest
from huggingface_hub import snapshot_download

from tests.hub.server import HubServer
from tests.predictor.sources.conftest import FILES, NEEDED
from tests.predictor.watcher import Watcher
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.hub import HubSource


@pytest.fixture
def warm(hub: HubServer, commit: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache with the repository in it; from now on nobody may be asked."""
    cache = tmp_path / "cache"
    snapshot_download("org/model", cache_dir=cache, endpoint=hub.url, token=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(cache))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    hub.requests.clear()
    return cache / "models--org--model" / "snapshots" / commit


def test_a_warm_cache_is_read_at_the_commit_that_was_resolved(
    hub: HubServer, commit: str, warm: Path, tmp_path: Path, watcher: Watcher
) -> None:
    source = HubSource("org/model", None)
    resolved = source.resolve()
    assert resolved.commit == commit
    assert source.acquire(resolved, tmp_path / "not used", watcher) == warm
    total = sum(len(FILES[name]) for name in NEEDED)
    assert watcher.progress[-1] == (total, total)
    assert source.survey(resolved, tmp_path / "not used").bytes == total
    assert hub.requests == []
    assert HubSource("org/model", commit).resolve() == resolved


@pytest.mark.usefixtures("warm")
@pytest.mark.parametrize(
    ("repository", "revision"),
    [("org/model", "v2"), ("org/other", None), ("org/model", "../../../../etc/passwd"), ("org/model", "/etc/passwd")],
)
def test_what_the_cache_does_not_know_cannot_be_reached(repository: str, revision: str | None) -> None:
    with pytest.raises(PreparationFailed, match=r"is not in the cache .*, and HF_HUB_OFFLINE forbids") as refusal:
        HubSource(repository, revision).resolve()
    assert refusal.value.reason is FailureReason.Unreachable


@pytest.mark.usefixtures("warm")
def test_a_commit_that_was_never_downloaded_cannot_be_reached(tmp_path: Path, watcher: Watcher) -> None:
    source = HubSource("org/model", "0" * 40)
    with pytest.raises(PreparationFailed, match="is not in the cache") as refusal:
        source.acquire(source.resolve(), tmp_path, watcher)
    assert refusal.value.reason is FailureReason.Unreachable


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_damaged_file_in_the_cache_is_named(warm: Path, tmp_path: Path, watcher: Watcher, name: str) -> None:
    (warm / name).resolve().write_bytes(b"x" * len(FILES[name]))
    source = HubSource("org/model", None)
    with pytest.raises(PreparationFailed, match=rf"{name} is damaged") as refusal:
        source.acquire(source.resolve(), tmp_path, watcher)
    assert refusal.value.reason is FailureReason.ChecksumMismatch


def test_an_archive_in_the_cache_is_unpacked_elsewhere(
    hub: HubServer, tmp_path: Path, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    with zipfile.ZipFile(tmp_path / "model.zip", "w") as packed:
        packed.writestr("model.safetensors", b"weights")
    hub.repositories.publish("org/packed", {"model.zip": tmp_path / "model.zip"})
    snapshot_download("org/packed", cache_dir=tmp_path / "cache", endpoint=hub.url, token=False)
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    source = HubSource("org/packed", None)
    root = source.acquire(source.resolve(), tmp_path / "to", watcher)
    assert (root / "model.safetensors").read_bytes() == b"weights"
    assert root.is_relative_to(tmp_path / "to")
