"""How long Google Cloud Storage is asked, behind a server that stands in for it."""

import asyncio
import os
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.background import in_thread
from tests.object_stores.install import not_installed
from tests.object_stores.servers import serving
from tests.predictor.artifact.small_disk import small_disk
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, Scheme
from transformermodel_predictor.objects.service import PART_BYTES


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long gcsfs would have waited before it asked again."""
    seconds: list[float] = []

    async def note(pause: float) -> None:
        seconds.append(pause)
        await asyncio.sleep(0)

    monkeypatch.setattr("gcsfs.retry.asyncio", SimpleNamespace(sleep=note))
    return seconds


class _Busy(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(503)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def busy() -> Iterator[str]:
    """A server that always has other things to do."""
    with in_thread(ThreadingHTTPServer(("127.0.0.1", 0), _Busy)) as server:
        yield f"http://127.0.0.1:{server.server_port}"


def test_storage_that_cannot_be_reached_is_given_up_in_seconds(
    pauses: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:1")
    with pytest.raises(PreparationFailed, match=r"gs://bucket/key cannot be reached") as refusal:
        Bucket(ObjectLocation.parse("gs://bucket")).read("key")
    assert refusal.value.reason is FailureReason.Unreachable
    assert len(pauses) == 3
    assert sum(pauses) < 10


def test_storage_that_is_busy_is_asked_again(pauses: list[float], busy: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", busy)
    with pytest.raises(PreparationFailed) as refusal:
        Bucket(ObjectLocation.parse("gs://bucket")).read("key")
    assert refusal.value.reason is FailureReason.RateLimited
    assert len(pauses) == 3


def test_storage_that_is_full_is_told_at_once_however_large_the_object(
    pauses: list[float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked again for a part, the server says that it knows of no such upload."""
    if reason := not_installed(Scheme.GCS):
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    with small_disk(tmp_path / "disk", 1 << 20) as disk, serving(Scheme.GCS, disk / "objects") as server:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", server.environment["STORAGE_EMULATOR_HOST"])
        bucket = Bucket(ObjectLocation.parse(server.bucket()))
        for size in (2 << 20, PART_BYTES + 1):
            (tmp_path / "file").write_bytes(bytes(size))
            with pytest.raises(PreparationFailed, match="is full") as refusal:
                bucket.upload(tmp_path / "file", "key")
            assert refusal.value.reason is FailureReason.InsufficientStorage
    assert pauses == []
