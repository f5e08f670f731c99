"""A file that arrives in segments, while the disk fills up or another process cuts it."""

import errno
import hashlib
import os
from contextlib import closing
from pathlib import Path

import pytest

from tests.predictor.artifact.small_disk import small_disk
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.transfer.landing import Landing, RemoteFile, is_whole

PAGE = 4096
CONTENT = bytes(range(256)) * (4 * PAGE // 256)


def remote(sha256: str | None = hashlib.sha256(CONTENT).hexdigest()) -> RemoteFile:
    return RemoteFile("weights", "", len(CONTENT), sha256=sha256)


def receive(file: RemoteFile, folder: Path) -> None:
    with closing(Landing(file, folder)) as landing:
        landing.write(landing.segments[0], CONTENT[landing.received :])
        landing.finish_if_whole()


@pytest.mark.parametrize("sha256", [remote().sha256, None], ids=["known", "unknown"])
def test_a_file_that_another_process_cuts_is_refused_and_arrives_anew(tmp_path: Path, sha256: str | None) -> None:
    part = tmp_path / "weights.part"
    with closing(Landing(remote(sha256), tmp_path)) as landing:
        landing.write(landing.segments[0], CONTENT)
        os.truncate(part, PAGE)
        with pytest.raises(PreparationFailed, match=f"another process has cut {part}") as refusal:
            landing.finish_if_whole()
    assert refusal.value.reason is FailureReason.ChecksumMismatch
    receive(remote(sha256), tmp_path)
    assert is_whole(tmp_path / "weights", remote())
    assert [path.name for path in tmp_path.iterdir()] == ["weights"]


@pytest.mark.parametrize("taken", [4, 6], ids=["room for the file and not for its record", "room for half the file"])
def test_a_full_disk_is_told_with_the_file_which_arrives_when_there_is_room(tmp_path: Path, taken: int) -> None:
    with small_disk(tmp_path / "disk", 8 * PAGE) as disk:
        filler = disk / "filler"
        filler.write_bytes(bytes(taken * PAGE))
        with pytest.raises(OSError, match=r"weights\.part") as full:
            receive(remote(), disk)
        assert full.value.errno == errno.ENOSPC
        filler.unlink()
        receive(remote(), disk)
        assert is_whole(disk / "weights", remote())
