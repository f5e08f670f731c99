"""What `validate` and `doctor` take for an archive: what `serve` does."""

from pathlib import Path

import pytest

from tests.predictor.torchserve.reading.archives import packed
from transformermodel_cli.archive_check import archives_at, describe_archive, is_archive_path
from transformermodel_predictor.torchserve.archive import ArchiveFormat

HANDLER = b"def handle(data, context):\n    return []\n"


@pytest.mark.parametrize("form", ArchiveFormat)
def test_an_archive_is_known_in_each_form(tmp_path: Path, form: ArchiveFormat) -> None:
    archive = packed(tmp_path / "store", {"handler.py": HANDLER}, form, name="echo")
    assert is_archive_path(archive)
    assert [found.path for found in archives_at(archive)] == [archive]


def test_a_folder_with_one_archive_and_nothing_else_is_that_archive(tmp_path: Path) -> None:
    archive = packed(tmp_path / "fetched", {"handler.py": HANDLER}, name="echo")
    assert is_archive_path(tmp_path / "fetched")
    (found,) = archives_at(tmp_path / "fetched")
    assert found.path == archive
    assert describe_archive(found).startswith("echo 1.0, handler handler")


def test_a_folder_with_anything_else_is_none(tmp_path: Path) -> None:
    packed(tmp_path / "mixed", {"handler.py": HANDLER}, name="echo")
    (tmp_path / "mixed" / "README.md").touch()
    assert not is_archive_path(tmp_path / "mixed")
    assert not is_archive_path(tmp_path / "nowhere")
