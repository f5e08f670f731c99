"""What every store does, wherever it is: in a folder, and in object storage behind real servers."""

import logging
import threading
from pathlib import Path

import pytest

from tests.object_stores.fixtures import ObjectServers
from tests.predictor.artifact.conftest import Sealed
from tests.predictor.artifact.places import Folder, Objects, Place
from transformermodel_api.errors import CorruptArtifact, PreparationFailed
from transformermodel_predictor.artifact.directory import Artifact, open_artifact, write_beside
from transformermodel_predictor.artifact.manifest import RECORDINGS_FILE, REPORT_FILE
from transformermodel_predictor.artifact.store import Store
from transformermodel_predictor.objects.location import Scheme

KEY, OTHER_KEY = "1" * 64, "2" * 64


@pytest.fixture(params=["folder", *Scheme])
def place(request: pytest.FixtureRequest, tmp_path: Path, object_server: ObjectServers) -> Place:
    if request.param == "folder":
        return Folder(tmp_path)
    return Objects.below(object_server(request.param).bucket(), tmp_path)


def publish(store: Store, sealed: Sealed, key: str = KEY, weights: bytes = b"weights") -> Artifact:
    with store.workspace(key) as folder:
        return store.publish(key, sealed(folder / "artifact", weights))


def test_what_is_published_is_found_by_its_input_on_every_machine(place: Place, sealed: Sealed) -> None:
    assert place.store().find(KEY) is None
    artifact = publish(place.store(), sealed)
    for machine in ("one", "two"):
        found = place.store(machine).find(KEY)
        assert found is not None
        assert found == open_artifact(found.path)
        assert found.manifest == artifact.manifest
        assert place.store(machine).find(OTHER_KEY) is None
    assert place.content() == {place.store().location(artifact), f"inputs/{KEY}"}


def test_an_artifact_is_opened_by_its_digest(place: Place, sealed: Sealed) -> None:
    artifact = publish(place.store(), sealed)
    assert place.store("two").open(artifact.manifest.digest).manifest == artifact.manifest
    with pytest.raises((CorruptArtifact, PreparationFailed)):
        place.store("two").open("0" * 64)


def test_equal_content_is_kept_once(place: Place, sealed: Sealed) -> None:
    first, second = publish(place.store(), sealed), publish(place.store("two"), sealed, OTHER_KEY)
    assert first.manifest.digest == second.manifest.digest
    assert place.content() == {f"artifacts/{first.manifest.digest}", f"inputs/{KEY}", f"inputs/{OTHER_KEY}"}


def test_equal_content_has_the_report_of_its_last_preparation_on_every_machine(place: Place, sealed: Sealed) -> None:
    for text, machine, key in (("first", "one", KEY), ("second", "two", OTHER_KEY)):
        store = place.store(machine)
        with store.workspace(key) as folder:
            staged = sealed(folder / "artifact")
            write_beside(staged.path, REPORT_FILE, text)
            artifact = store.publish(key, staged)
        assert (artifact.path / REPORT_FILE).read_text() == text
    for machine in ("one", "two", "three"):
        found = place.store(machine).find(KEY)
        assert found is not None
        assert (found.path / REPORT_FILE).read_text() == "second"
        assert open_artifact(found.path).manifest == found.manifest


def test_recordings_go_with_the_content_to_every_machine(place: Place, sealed: Sealed) -> None:
    with place.store().workspace(KEY) as folder:
        staged = sealed(folder / "artifact")
        write_beside(staged.path, RECORDINGS_FILE, "recorded")
        place.store().publish(KEY, staged)
    for machine in ("one", "two"):
        found = place.store(machine).find(KEY)
        assert found is not None
        assert (found.path / RECORDINGS_FILE).read_text() == "recorded"


def test_a_damaged_artifact_is_reported_counts_as_absent_and_is_replaced(
    place: Place, sealed: Sealed, caplog: pytest.LogCaptureFixture
) -> None:
    artifact = publish(place.store(), sealed)
    place.damage(f"artifacts/{artifact.manifest.digest}/model.safetensors")
    with caplog.at_level(logging.WARNING):
        store = place.store("two")
        assert store.find(KEY) is None
    assert "damaged" in caplog.text
    publish(store, sealed)
    assert place.store("three").find(KEY) is not None
    assert place.content() == {f"artifacts/{artifact.manifest.digest}", f"inputs/{KEY}"}


def test_an_artifact_without_its_manifest_is_none(place: Place, sealed: Sealed) -> None:
    artifact = publish(place.store(), sealed)
    place.remove(f"artifacts/{artifact.manifest.digest}/manifest.json")
    assert place.store("two").find(KEY) is None
    publish(place.store("two"), sealed)
    assert place.store("three").find(KEY) is not None


def test_an_input_can_change_its_artifact(place: Place, sealed: Sealed) -> None:
    publish(place.store(), sealed)
    second = publish(place.store(), sealed, weights=b"newer")
    found = place.store("two").find(KEY)
    assert found is not None
    assert found.manifest == second.manifest


def test_what_is_published_already_may_be_that_of_a_further_input(place: Place, sealed: Sealed) -> None:
    store = place.store()
    artifact = publish(store, sealed)
    assert store.publish(OTHER_KEY, artifact) == artifact
    for key in (KEY, OTHER_KEY):
        found = place.store("two").find(key)
        assert found is not None
        assert found.manifest == artifact.manifest


def test_large_files_are_cut_into_parts_and_arrive_whole(place: Place, sealed: Sealed) -> None:
    weights = bytes(range(256)) * (36 << 12) + b"end"  # more than two parts of an upload
    artifact = publish(place.store(), sealed, weights=weights)
    found = place.store("two").find(KEY)
    assert found is not None
    assert found.manifest == artifact.manifest
    assert (found.path / "model.safetensors").read_bytes() == weights


def fail_half_way(store: Store) -> None:
    with store.workspace(KEY) as folder:
        (folder / "download.part").write_text("half")
        raise RuntimeError


def test_a_workspace_keeps_what_an_attempt_leaves_and_is_gone_after_success(place: Place) -> None:
    with pytest.raises(RuntimeError):
        fail_half_way(place.store())
    with place.store().workspace(KEY) as again:
        assert (again / "download.part").read_text() == "half"
    assert not again.exists()
    assert place.content() == set()


@pytest.mark.parametrize("other", ["one", "two"])
def test_a_workspace_has_one_owner_at_a_time_on_all_machines(place: Place, other: str) -> None:
    order: list[str] = []
    first_is_in, second_waits, first_may_end = threading.Event(), threading.Event(), threading.Event()

    def first() -> None:
        with place.store().workspace(KEY):
            first_is_in.set()
            first_may_end.wait()
            order.append("first")

    def second() -> None:
        first_is_in.wait()
        second_waits.set()
        with place.store(other).workspace(KEY):
            order.append("second")

    threads = [threading.Thread(target=run) for run in (first, second)]
    for thread in threads:
        thread.start()
    second_waits.wait()
    first_may_end.set()
    for thread in threads:
        thread.join()
    assert order == ["first", "second"]
    assert place.content() == set()
