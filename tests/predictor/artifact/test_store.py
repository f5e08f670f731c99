import errno
import logging
import os
import shutil
from pathlib import Path

import pytest

from tests.predictor.artifact.conftest import Sealed
from tests.predictor.ordinary_user import as_nobody, folder_of_nobody
from transformermodel_predictor.artifact.directory import Artifact, open_artifact
from transformermodel_predictor.artifact.holding import held
from transformermodel_predictor.artifact.local_collection import LocalCollectable
from transformermodel_predictor.artifact.local_store import LocalStore

KEY, OTHER_KEY = "1" * 64, "2" * 64


@pytest.fixture
def store(tmp_path: Path) -> LocalStore:
    return LocalStore(tmp_path / "store")


def publish(store: LocalStore, sealed: Sealed, key: str = KEY, weights: bytes = b"weights") -> Artifact:
    with store.workspace(key) as folder:
        return store.publish(key, sealed(folder / "artifact", weights))


def content(root: Path) -> set[str]:
    """Every file in the store, artifacts by their folders."""
    files = (path.relative_to(root) for path in root.rglob("*") if path.is_file())
    return {"/".join(path.parts[:2]) for path in files}


def damage(artifact: Artifact) -> None:
    file = artifact.path / "model.safetensors"
    file.chmod(0o644)
    file.write_bytes(b"weighty")


def test_what_is_published_is_found_by_its_input(store: LocalStore, tmp_path: Path, sealed: Sealed) -> None:
    assert store.find(KEY) is None
    artifact = publish(store, sealed)
    assert store.find(KEY) == artifact == open_artifact(artifact.path)
    assert store.find(OTHER_KEY) is None
    assert artifact.path == tmp_path / "store" / store.location(artifact)
    assert content(tmp_path / "store") == {f"artifacts/{artifact.manifest.digest}", f"inputs/{KEY}"}


def test_a_workspace_that_cannot_be_removed_fails_nothing_that_was_done_in_it(
    store: LocalStore, sealed: Sealed, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def written_to_meanwhile(folder: Path) -> None:
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(folder))

    with monkeypatch.context() as fault:
        fault.setattr(shutil, "rmtree", written_to_meanwhile)
        artifact = publish(store, sealed)
    assert store.find(KEY) == artifact
    workspace = store.root / "staging" / KEY
    assert f"The workspace {workspace} stays until it is collected: Directory not empty" in caplog.text
    assert LocalCollectable(store.root).remove_leftover(KEY)
    assert not workspace.exists()


def test_equal_content_is_kept_once(store: LocalStore, tmp_path: Path, sealed: Sealed) -> None:
    first, second = publish(store, sealed), publish(store, sealed, OTHER_KEY)
    assert first.path == second.path
    digest = first.manifest.digest
    assert content(tmp_path / "store") == {f"artifacts/{digest}", f"inputs/{KEY}", f"inputs/{OTHER_KEY}"}


def test_a_damaged_artifact_is_reported_and_counts_as_absent(
    store: LocalStore, sealed: Sealed, caplog: pytest.LogCaptureFixture
) -> None:
    damage(publish(store, sealed))
    with caplog.at_level(logging.WARNING):
        assert store.find(KEY) is None
    assert "model.safetensors is damaged" in caplog.text


def test_a_damaged_artifact_is_replaced(store: LocalStore, tmp_path: Path, sealed: Sealed) -> None:
    damage(publish(store, sealed))
    artifact = publish(store, sealed)
    assert store.find(KEY) == artifact
    assert content(tmp_path / "store") == {f"artifacts/{artifact.manifest.digest}", f"inputs/{KEY}"}


def test_an_input_whose_artifact_was_deleted_is_absent(store: LocalStore, sealed: Sealed) -> None:
    shutil.rmtree(publish(store, sealed).path)
    assert store.find(KEY) is None


def test_an_input_can_change_its_artifact(store: LocalStore, sealed: Sealed) -> None:
    publish(store, sealed)
    second = publish(store, sealed, weights=b"newer")
    assert store.find(KEY) == second


def test_a_workspace_is_on_the_same_file_system_and_gone_after_success(store: LocalStore, tmp_path: Path) -> None:
    with store.workspace(KEY) as folder:
        assert folder.is_relative_to(tmp_path / "store")
        (folder / "file").touch()
    assert not folder.exists()
    assert content(tmp_path / "store") == set()


def fail_half_way(store: LocalStore) -> None:
    with store.workspace(KEY) as folder:
        (folder / "download.part").write_text("half")
        raise RuntimeError


def test_a_workspace_keeps_what_an_attempt_leaves_when_it_fails(store: LocalStore) -> None:
    with pytest.raises(RuntimeError):
        fail_half_way(store)
    with store.workspace(KEY) as again:
        assert (again / "download.part").read_text() == "half"


def test_an_attempt_that_leaves_nothing_leaves_no_workspace(store: LocalStore, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), store.workspace(KEY):
        raise RuntimeError
    assert list((tmp_path / "store" / "staging").iterdir()) == []


def test_a_workspace_of_a_dead_owner_can_be_cleared_and_one_in_use_cannot(store: LocalStore, tmp_path: Path) -> None:
    staging = tmp_path / "store" / "staging"
    with store.workspace(KEY) as folder:
        store.clear(KEY)
        assert folder.is_dir()
    (staging / KEY).mkdir()
    (staging / KEY / "file").touch()
    (staging / f"{KEY}.lock").touch()
    store.clear(KEY)
    store.clear(OTHER_KEY)
    assert list(staging.iterdir()) == []


def test_a_report_is_renewed_after_a_process_that_was_killed_while_it_did(sealed: Sealed) -> None:
    with folder_of_nobody() as place, as_nobody():
        store = LocalStore(place / "store")
        artifact = publish(store, sealed)
        left = store.root / "staging" / f"{artifact.manifest.digest}.report"
        left.write_bytes(b"ha")
        left.chmod(0o444)
        store.renew_report(artifact, b"newer")
        assert (artifact.path / "report.json").read_bytes() == b"newer"
        assert list((store.root / "staging").iterdir()) == []


def test_what_is_no_artifact_any_more_is_held_without_a_lock(store: LocalStore) -> None:
    file = store.root.with_name("file")
    file.touch()
    for place in (store.root / "gone", file):
        with held(place):
            assert not (place / "manifest.json").exists()
