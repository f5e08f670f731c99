"""Downloads in several ranges, in processes that are killed, from servers that are busy."""

import subprocess
import sys
from collections.abc import Iterator
from email.utils import formatdate
from pathlib import Path

import pytest
from huggingface_hub.errors import HfHubHTTPError

from tests.hub.repositories import Access
from tests.hub.server import HubServer, serving
from transformermodel_predictor.transfer.download import download
from transformermodel_predictor.transfer.landing import SEGMENT_BYTES, RemoteFile, bytes_to_come
from transformermodel_predictor.transfer.retries import Retries

SIZE = 2 * SEGMENT_BYTES + 12_345
CONTENT = bytes(range(251)) * (SIZE // 251 + 1)
CONTENT = CONTENT[:SIZE]


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[HubServer]:
    with serving(tmp_path / "hub") as server:
        yield server


@pytest.fixture
def file(hub: HubServer) -> RemoteFile:
    """A file of three segments on the hub."""
    commit = hub.repositories.publish("org/large", {"model.safetensors": CONTENT})
    (blob,) = hub.repositories.blobs("org/large", commit)
    return RemoteFile(blob.name, f"{hub.url}/org/large/resolve/{commit}/{blob.name}", blob.size, sha256=blob.sha256)


def fetch(file: RemoteFile, folder: Path, retries: Retries | None = None) -> list[int]:
    """Download; what the progress was."""
    told: list[int] = []
    download([file], folder, {}, told.append, retries or Retries())
    assert (folder / file.name).read_bytes() == CONTENT
    assert {path.name for path in folder.iterdir()} == {file.name}
    return told


def test_a_large_file_comes_in_several_ranges_at_once(hub: HubServer, file: RemoteFile, tmp_path: Path) -> None:
    told = fetch(file, tmp_path / "copy")
    assert sorted(request.start for request in hub.requests) == [0, SEGMENT_BYTES, 2 * SEGMENT_BYTES]
    assert told == sorted(told)
    assert told[-1] == SIZE


def test_a_server_without_ranges_is_asked_for_all(hub: HubServer, file: RemoteFile, tmp_path: Path) -> None:
    hub.repositories.restrict("org/large", Access(no_ranges=True))
    fetch(file, tmp_path / "copy")
    assert {request.status for request in hub.requests} == {200}


@pytest.fixture
def interrupted(file: RemoteFile, tmp_path: Path) -> Path:
    """A folder in which a killed process left part of the download."""
    folder = tmp_path / "copy"
    arguments = [file.url, str(file.size), str(file.sha256), str(folder), str(SIZE // 3)]
    program = [sys.executable, "-m", "tests.predictor.transfer.receiving", *arguments]
    with subprocess.Popen(program, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"enough\n"
        process.kill()
    return folder


def test_after_a_kill_no_byte_comes_twice(hub: HubServer, file: RemoteFile, interrupted: Path) -> None:
    there = sum(
        int.from_bytes(entry, "little")
        for entry in _entries((interrupted / "model.safetensors.part.segments").read_bytes())
    )
    assert SIZE // 3 <= there < SIZE
    assert bytes_to_come(file, interrupted) <= SIZE - there + 4096 * 3
    hub.requests.clear()
    told = fetch(file, interrupted)
    assert told[0] > there
    assert sum(_asked(request.start) for request in hub.requests) == SIZE - there


def _entries(record: bytes) -> list[bytes]:
    return [record[at : at + 8] for at in range(0, len(record), 8)]


def _asked(start: int) -> int:
    """Bytes from a place to the end of its segment."""
    return min((start // SEGMENT_BYTES + 1) * SEGMENT_BYTES, SIZE) - start


class Patience:
    """Retries that note how long they would have waited."""

    def __init__(self, attempts: int = 6) -> None:
        self.waited: list[float] = []
        self.retries = Retries(
            attempts=attempts,
            wait=lambda _, seconds: self.waited.append(seconds),
            clock=lambda: 1_000_000.0,
            spread=lambda: 0.0,
        )


def test_a_busy_server_is_asked_again_when_it_says(hub: HubServer, file: RemoteFile, tmp_path: Path) -> None:
    hub.repositories.restrict("org/large", Access(retry_after=7, busy_times=4))
    patience = Patience()
    fetch(file, tmp_path / "copy", patience.retries)
    assert patience.waited == [7.0] * 4


def test_without_a_hint_each_pause_is_twice_the_one_before(hub: HubServer, file: RemoteFile, tmp_path: Path) -> None:
    hub.repositories.restrict("org/large", Access(status=503))
    patience = Patience(attempts=4)
    with pytest.raises(HfHubHTTPError):
        fetch(file, tmp_path / "copy", patience.retries)
    assert sorted(set(patience.waited)) == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("status", "retry_after", "pause"),
    [
        (429, "30", 30.0),
        (429, formatdate(1_000_042.0, usegmt=True), 42.0),
        (503, formatdate(999_000.0, usegmt=True), 0.0),
        (429, "a while", 0.5),
        (429, "121", None),
        (404, "30", None),
        (401, "", None),
    ],
)
def test_a_pause_is_what_the_server_asks_for_within_bounds(status: int, retry_after: str, pause: float | None) -> None:
    assert Patience().retries.pause(1, status, {"Retry-After": retry_after}) == pause
