"""Archives that anybody may have made: unpacked, or refused by the member that is unsafe."""

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.unpacking import Bounds, unpack

ORIGIN = "file://model.mar"


def make_zip(file: Path, members: dict[str, bytes], mode: int | None = None) -> Path:
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            entry = zipfile.ZipInfo(name)
            entry.compress_type = zipfile.ZIP_DEFLATED
            if mode is not None:
                entry.external_attr = mode << 16
            archive.writestr(entry, content)
    return file


def make_tar(file: Path, *members: tarfile.TarInfo) -> Path:
    with tarfile.open(file, "w:gz") as archive:
        for member in members:
            archive.addfile(member, io.BytesIO(b"x" * member.size) if member.isreg() else None)
    return file


def tar_member(name: str, kind: bytes = tarfile.REGTYPE, target: str = "", size: int = 0) -> tarfile.TarInfo:
    member = tarfile.TarInfo(name)
    member.type, member.linkname, member.size = kind, target, size
    return member


@pytest.mark.parametrize("make", [make_zip, lambda file, _: make_tar(file, tar_member("a/b.txt", size=3))])
def test_files_and_folders_are_unpacked(tmp_path: Path, make: Callable[[Path, dict[str, bytes]], Path]) -> None:
    unpack(make(tmp_path / "archive", {"a/b.txt": b"xxx"}), tmp_path / "folder", ORIGIN)
    assert (tmp_path / "folder" / "a" / "b.txt").read_bytes() == b"xxx"


@pytest.mark.parametrize(
    ("make", "why"),
    [
        (lambda file: make_zip(file, {"ok": b"", "../evil": b""}), "its member '../evil' leaves the folder"),
        (lambda file: make_zip(file, {"/etc/evil": b""}), "its member '/etc/evil' leaves the folder"),
        (lambda file: make_zip(file, {"..\\evil": b""}), "leaves the folder"),
        (lambda file: make_zip(file, {"C:\\evil": b""}), "leaves the folder"),
        (lambda file: make_zip(file, {"C:evil": b""}), "leaves the folder"),
        (lambda file: make_zip(file, {"a" * 300: b""}), "cannot be that of a file there (File name too long)"),
        (lambda file: make_zip(file, {"a": b"", "a/b": b""}), "cannot be that of a file there (File exists)"),
        (lambda file: make_zip(file, {"link": b"/etc"}, stat.S_IFLNK | 0o777), "its member 'link' is a link"),
        (lambda file: make_zip(file, {"pipe": b""}, stat.S_IFIFO | 0o600), "its member 'pipe' is no plain file"),
        (lambda file: make_tar(file, tar_member("../evil")), "its member '../evil' leaves the folder"),
        (lambda file: make_tar(file, tar_member("/etc/evil")), "its member '/etc/evil' leaves the folder"),
        (
            lambda file: make_tar(file, tar_member("a", tarfile.SYMTYPE, "/etc"), tar_member("a/evil")),
            "its member 'a' is a link",
        ),
        (lambda file: make_tar(file, tar_member("a", tarfile.LNKTYPE, "/etc/passwd")), "its member 'a' is a link"),
        (lambda file: make_tar(file, tar_member("disk", tarfile.BLKTYPE)), "its member 'disk' is no plain file"),
        (lambda file: make_tar(file, tar_member("a"), tar_member("a")), "its member 'a' is there twice"),
    ],
)
def test_what_is_unsafe_is_refused_by_its_member(tmp_path: Path, make: Callable[[Path], Path], why: str) -> None:
    with pytest.raises(PreparationFailed) as refusal:
        unpack(make(tmp_path / "archive"), tmp_path / "folder", ORIGIN)
    assert refusal.value.reason is FailureReason.UnsafeArchive
    assert why in str(refusal.value)
    assert str(refusal.value).startswith("UnsafeArchive: file://model.mar is not unpacked: ")
    assert sorted(os.listdir(tmp_path)) == ["archive"]


@pytest.mark.parametrize(
    ("bounds", "why"),
    [
        (Bounds(members=2), "it has more than 2 members"),
        (Bounds(size=1000), "with its member 'b' it unfolds to more than 1000 bytes"),
        (Bounds(ratio=2, ratio_from=0), "it unfolds to more than"),
    ],
)
def test_a_bomb_is_refused_before_it_unfolds(tmp_path: Path, bounds: Bounds, why: str) -> None:
    archive = make_zip(tmp_path / "archive", {"a": b"0" * 900, "b": b"0" * 900, "c": b"0"})
    with pytest.raises(PreparationFailed) as refusal:
        unpack(archive, tmp_path / "folder", ORIGIN, bounds)
    assert refusal.value.reason is FailureReason.UnsafeArchive
    assert why in str(refusal.value)
    assert not (tmp_path / "folder").exists()


@pytest.mark.parametrize("damage", [lambda content: b"no archive", lambda content: content[: len(content) // 2]])
def test_what_is_damaged_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    archive = make_tar(tmp_path / "archive", tar_member("a", size=100_000))
    archive.write_bytes(damage(archive.read_bytes()))
    with pytest.raises(PreparationFailed, match=r"file://model\.mar is no archive that can be read") as refusal:
        unpack(archive, tmp_path / "folder", ORIGIN)
    assert refusal.value.reason is FailureReason.UnsupportedSource


@pytest.mark.parametrize("compression", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_member_that_cannot_be_unfolded_is_damage_however_it_is_compressed(tmp_path: Path, compression: int) -> None:
    archive = tmp_path / "archive"
    with zipfile.ZipFile(archive, "w", compression) as opened:
        opened.writestr("a", bytes(range(256)) * 200)
        begin = opened.infolist()[0].header_offset + len("a") + 30  # the local header's size without the name
    content = bytearray(archive.read_bytes())
    for place in range(begin + 12, begin + 20):
        content[place] ^= 0xFF
    archive.write_bytes(content)
    with pytest.raises(PreparationFailed, match="is no archive that can be read") as refusal:
        unpack(archive, tmp_path / "folder", ORIGIN)
    assert refusal.value.reason is FailureReason.UnsupportedSource
