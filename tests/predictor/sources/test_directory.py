import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.predictor.ordinary_user import NOBODY, as_nobody
from tests.predictor.sources.conftest import FILES, NEEDED
from tests.predictor.watcher import Watcher
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.sources.catalogue import source_for


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path / "model")


def write(folder: Path) -> Path:
    for name, content in FILES.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def test_a_folder_is_identified_by_the_content_that_is_needed(tmp_path: Path, folder: Path) -> None:
    source = source_for("file://model", None, tmp_path)
    resolved = source.resolve()
    assert resolved.identity == f"tree@{resolved.commit}"

    write(tmp_path / "elsewhere")
    assert source_for(f"file://{tmp_path}/elsewhere", None, Path("/")).resolve() == resolved
    (folder / "README.md").write_text("changed")
    assert source.resolve() == resolved
    (folder / "tokenizer.json").write_text("changed")
    assert source.resolve() != resolved


def test_a_folder_is_copied_with_progress_in_bytes(tmp_path: Path, folder: Path, watcher: Watcher) -> None:
    source = source_for("file://model", None, tmp_path)
    copy = source.acquire(source.resolve(), tmp_path / "copy", watcher)
    assert {path.name: path.read_bytes() for path in copy.iterdir()} == {name: FILES[name] for name in NEEDED}
    total = sum(len(FILES[name]) for name in NEEDED)
    assert watcher.progress[-1] == (total, total)
    assert folder not in copy.parents


def test_a_folder_that_changes_meanwhile_is_not_taken_for_what_it_was(
    tmp_path: Path, folder: Path, watcher: Watcher
) -> None:
    source = source_for("file://model", None, tmp_path)
    resolved = source.resolve()
    (folder / "model.safetensors").write_bytes(b"other weights")
    with pytest.raises(PreparationFailed, match="file://model was changed while it was read: start again") as refusal:
        source.acquire(resolved, tmp_path / "copy", watcher)
    assert refusal.value.reason is FailureReason.ChecksumMismatch


def test_a_link_inside_the_folder_is_followed(tmp_path: Path, folder: Path) -> None:
    before = source_for("file://model", None, tmp_path).resolve()
    (folder / "weights").write_bytes((folder / "model.safetensors").read_bytes())
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("weights")
    assert source_for("file://model", None, tmp_path).resolve() == before


@pytest.mark.parametrize("target", ["../secret", "/etc/hostname"])
def test_a_link_that_leaves_the_folder_is_refused(tmp_path: Path, folder: Path, target: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (folder / "config.json").unlink()
    (folder / "config.json").symlink_to(target)
    with pytest.raises(PreparationFailed, match=r"config\.json is a link that leaves the folder") as refusal:
        source_for("file://model", None, tmp_path).resolve()
    assert refusal.value.reason is FailureReason.UnsupportedSource


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(PreparationFailed) as refusal:
        source_for("file://absent", None, tmp_path).resolve()
    assert str(refusal.value) == (
        f"NotFound: file://absent: {tmp_path}/absent is not a folder. "
        "Check the uri for a misspelt name, revision or path."
    )


@pytest.fixture
def open_to_all() -> Iterator[Path]:
    """A folder that everybody may enter, as pytest's are not."""
    with tempfile.TemporaryDirectory() as place:
        Path(place).chmod(0o755)
        yield Path(place)


@pytest.mark.parametrize("name", ["model.safetensors", "config.json"])
def test_a_file_that_may_not_be_read_is_named_with_what_to_do(open_to_all: Path, name: str) -> None:
    (write(open_to_all / "model") / name).chmod(0)
    with as_nobody(), pytest.raises(PreparationFailed) as refusal:
        source_for("file://model", None, open_to_all).resolve()
    assert refusal.value.reason is FailureReason.UnsupportedSource
    user = os.geteuid() or NOBODY
    assert refusal.value.message == (
        f"file://model: {open_to_all}/model/{name} may not be read by user {user}, as whom this runs; let everybody "
        "read it (chmod -R a+rX, by its owner)."
    )


def test_a_file_that_may_not_be_read_any_more_is_named_while_it_is_copied(open_to_all: Path, watcher: Watcher) -> None:
    folder = write(open_to_all / "model")
    source = source_for("file://model", None, open_to_all)
    resolved = source.resolve()
    (folder / "model.safetensors").chmod(0)
    copy = open_to_all / "copy"
    copy.mkdir()
    copy.chmod(0o777)
    with as_nobody(), pytest.raises(PreparationFailed, match=r"model\.safetensors may not be read"):
        source.acquire(resolved, copy, watcher)


def test_a_folder_and_an_archive_that_may_not_be_read_are_named(open_to_all: Path) -> None:
    folder, archive = write(open_to_all / "model"), open_to_all / "model.mar"
    archive.write_bytes(b"")
    for place in (folder, archive):
        place.chmod(0)
        with as_nobody(), pytest.raises(PreparationFailed, match=f"{place} may not be read") as refusal:
            source_for(f"file://{place.name}", None, open_to_all).resolve()
        assert refusal.value.reason is FailureReason.UnsupportedSource


def test_a_place_to_copy_to_that_is_refused_is_no_fault_of_the_source(open_to_all: Path, watcher: Watcher) -> None:
    write(open_to_all / "model")
    source = source_for("file://model", None, open_to_all)
    resolved = source.resolve()
    copy = open_to_all / "copy"
    copy.mkdir(mode=0o500)
    with as_nobody(), pytest.raises(PermissionError):
        source.acquire(resolved, copy, watcher)


def test_what_torchserves_script_leaves_is_one_source(tmp_path: Path, watcher: Watcher) -> None:
    script = tmp_path / "script"
    (script / "Transformer_model").mkdir(parents=True)
    for name in NEEDED:
        (script / "Transformer_model" / name).write_bytes(FILES[name])
    (script / "setup_config.json").write_bytes(b"{}")
    source = source_for("file://script", None, tmp_path)
    copy = source.acquire(source.resolve(), tmp_path / "copy", watcher)
    assert {path.name for path in copy.iterdir()} == {*NEEDED, "setup_config.json"}
