"""Archives: what is in them, and that nothing but their content decides their bytes."""

import json
import os
import tarfile
import zipfile
from datetime import date
from pathlib import Path

import pytest

from transformermodel_api.errors import UserError
from transformermodel_predictor.torchserve.archive import (
    MANIFEST_FILE,
    Archive,
    ArchiveFormat,
    Runtime,
    write_archive,
)


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    weights = tmp_path / "weights.bin"
    weights.write_bytes(b"weights" * 1000)
    return Archive(
        name="echo",
        version="2.1",
        handler="handler:handle",
        members={"handler.py": b"def handle(data, context): ...\n", "weights.bin": weights, "folder/inner.txt": b"x"},
        serialized_file="weights.bin",
        runtime=Runtime.python3,
        created=date(2024, 2, 29),
    )


def contents(path: Path) -> dict[str, bytes]:
    """The members of whatever form of archive."""
    if path.is_dir():
        return {file.relative_to(path).as_posix(): file.read_bytes() for file in path.rglob("*") if file.is_file()}
    if path.suffix == ".mar":
        with zipfile.ZipFile(path) as file:
            return {name: file.read(name) for name in file.namelist()}
    with tarfile.open(path) as file:
        members = [member for member in file.getmembers() if member.isfile()]
        return {member.name.removeprefix("echo/"): file.extractfile(member).read() for member in members}  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("form", "name"),
    [("default", "echo.mar"), ("zip-store", "echo.mar"), ("tgz", "echo.tar.gz"), ("no-archive", "echo")],
)
def test_every_form_holds_the_files_and_the_manifest(archive: Archive, tmp_path: Path, form: str, name: str) -> None:
    written = write_archive(archive, tmp_path / "out", ArchiveFormat(form))

    found = contents(written)
    assert written.name == name
    assert json.loads(found.pop(MANIFEST_FILE)) == {
        "createdOn": "29/02/2024 00:00:00",
        "runtime": "python3",
        "model": {
            "modelName": "echo",
            "modelVersion": "2.1",
            "handler": "handler:handle",
            "serializedFile": "weights.bin",
        },
        "archiverVersion": archive.manifest()["archiverVersion"],
    }
    assert found == {
        "handler.py": b"def handle(data, context): ...\n",
        "weights.bin": b"weights" * 1000,
        "folder/inner.txt": b"x",
    }


@pytest.mark.parametrize("form", ["default", "zip-store", "tgz"])
def test_equal_archives_are_equal_files(archive: Archive, tmp_path: Path, form: str) -> None:
    first = write_archive(archive, tmp_path / "one", ArchiveFormat(form)).read_bytes()
    os.utime(tmp_path / "weights.bin", (0, 0))

    assert write_archive(archive, tmp_path / "two", ArchiveFormat(form)).read_bytes() == first


def test_an_archive_that_is_there_is_replaced_only_on_purpose(archive: Archive, tmp_path: Path) -> None:
    (tmp_path / "echo.mar").write_text("older")

    with pytest.raises(UserError, match=r"echo\.mar exists\. Replace it with --force"):
        write_archive(archive, tmp_path, ArchiveFormat.default)

    written = write_archive(archive, tmp_path, ArchiveFormat.default, force=True)
    assert MANIFEST_FILE in contents(written)


def test_a_failed_attempt_leaves_what_was_there(archive: Archive, tmp_path: Path) -> None:
    older = write_archive(archive, tmp_path / "out", ArchiveFormat.default).read_bytes()
    (tmp_path / "weights.bin").unlink()

    with pytest.raises(UserError, match="cannot be written: No such file"):
        write_archive(archive, tmp_path / "out", ArchiveFormat.default, force=True)

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["echo.mar"]
    assert (tmp_path / "out" / "echo.mar").read_bytes() == older
