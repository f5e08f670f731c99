"""Files that are never half-written."""

from pathlib import Path

import pytest

from tests.predictor.artifact.small_disk import small_disk
from transformermodel_predictor.artifact.durable import write_atomically


def test_a_file_that_finds_no_room_stays_what_it_was_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", 2 * 4096) as disk:
        write_atomically(disk / "file", "old")
        with pytest.raises(OSError, match="No space left"):
            write_atomically(disk / "file", "new" * 4096)
        assert (disk / "file").read_text() == "old"
        assert [path.name for path in disk.iterdir()] == ["file"]
        write_atomically(disk / "file", "new")
        assert (disk / "file").read_text() == "new"
