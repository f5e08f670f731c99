"""Which files count as verified."""

from pathlib import Path

import pytest

from transformermodel_predictor.artifact import verification
from transformermodel_predictor.artifact.verification import differing
from transformermodel_predictor.checksums import describe, sha256_of


def test_a_file_is_read_once_and_again_when_it_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[Path] = []
    monkeypatch.setattr(verification, "sha256_of", lambda path: read.append(path) or sha256_of(path))
    file = tmp_path / "weights"
    file.write_bytes(b"whole")
    entry = describe(tmp_path, file)
    assert differing(tmp_path, [entry]) == differing(tmp_path, [entry]) == []
    assert read == [file]
    file.write_bytes(b"other")
    assert differing(tmp_path, [entry]) == [entry]


def test_a_damaged_file_stays_damaged_however_often_it_is_looked_at(tmp_path: Path) -> None:
    whole, damaged = tmp_path / "whole", tmp_path / "damaged"
    for file in (whole, damaged):
        file.write_bytes(b"whole")
    entries = [describe(tmp_path, file) for file in (whole, damaged)]
    damaged.write_bytes(b"other")
    for _ in range(2):
        assert differing(tmp_path, entries) == entries[1:]


def test_a_file_that_is_exchanged_while_it_is_read_is_not_taken_for_verified(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_and_exchange(path: Path) -> str:
        found = sha256_of(path)
        path.write_bytes(b"other")
        return found

    file = tmp_path / "weights"
    file.write_bytes(b"whole")
    entry = describe(tmp_path, file)
    with monkeypatch.context() as beside:
        beside.setattr(verification, "sha256_of", read_and_exchange)
        differing(tmp_path, [entry])
    assert differing(tmp_path, [entry]) == [entry]
