"""Machines that publish, find and collect the same at once in one object storage."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.object_stores.fixtures import ObjectServers
from tests.predictor.artifact.conftest import Sealed
from tests.predictor.artifact.places import Objects
from tests.predictor.artifact.test_collector import NO_GRACE
from tests.predictor.artifact.test_store_contract import KEY, OTHER_KEY, publish
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.collector import collect
from transformermodel_predictor.artifact.manifest import MANIFEST_FILE
from transformermodel_predictor.objects.location import Scheme

OtherWork = Callable[[Callable[[], object]], None]
"""Has something done right after a manifest was read for the first time."""


@pytest.fixture
def place(tmp_path: Path, object_server: ObjectServers) -> Objects:
    return Objects.below(object_server(Scheme.S3).bucket(), tmp_path)


@pytest.fixture
def meanwhile(place: Objects, monkeypatch: pytest.MonkeyPatch) -> OtherWork:
    read = place.bucket.read

    def arrange(work: Callable[[], object]) -> None:
        def read_and_work(key: str) -> bytes | None:
            content = read(key)
            if key.endswith(MANIFEST_FILE):
                monkeypatch.setattr(place.bucket, "read", read)
                work()
            return content

        monkeypatch.setattr(place.bucket, "read", read_and_work)

    return arrange


def test_a_machine_that_finds_an_artifact_does_not_undo_what_another_publishes_meanwhile(
    place: Objects, sealed: Sealed, meanwhile: OtherWork
) -> None:
    publish(place.store("one"), sealed)
    meanwhile(lambda: publish(place.store("two"), sealed, weights=b"newer"))
    found = [place.store(machine).find(KEY) for machine in ("one", "two", "three")]
    newer = place.bucket.read(f"inputs/{KEY}")
    assert newer is not None
    assert [artifact and artifact.manifest.digest for artifact in found] == [newer.decode().strip()] * 3
    assert [artifact and (artifact.path / "model.safetensors").read_bytes() for artifact in found] == [b"newer"] * 3


def test_two_machines_that_find_the_same_at_once_both_have_it(
    tmp_path: Path, object_server: ObjectServers, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Objects.below(object_server(Scheme.GCS).bucket(), tmp_path)  # where equal content is another version, too
    artifact = publish(place.store(), sealed)
    replace = place.bucket.replace
    refused: list[str] = []

    def replace_after_the_other(key: str, content: bytes, version: str) -> bool:
        if not refused:
            place.bucket.write(key, content)
            refused.append(key)
        return replace(key, content, version)

    monkeypatch.setattr(place.bucket, "replace", replace_after_the_other)
    assert place.store().find(KEY) == artifact
    assert refused


def test_what_is_collected_while_it_is_looked_for_is_not_found(
    place: Objects, sealed: Sealed, meanwhile: OtherWork
) -> None:
    publish(place.store(), sealed)
    meanwhile(lambda: collect(place.collectable(), NO_GRACE))
    assert place.store().find(KEY) is None
    assert place.content() == set()


def test_a_failed_upload_takes_nothing_away_that_another_machine_has_published(
    place: Objects, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    upload = place.bucket.upload

    def full_after_the_other(file: Path, key: str) -> None:
        if not key.endswith("vocab.txt"):
            upload(file, key)
            return
        monkeypatch.setattr(place.bucket, "upload", upload)
        publish(place.store("two"), sealed, OTHER_KEY)
        raise PreparationFailed(FailureReason.InsufficientStorage, "the storage is full.")

    monkeypatch.setattr(place.bucket, "upload", full_after_the_other)
    with pytest.raises(PreparationFailed, match="the storage is full"):
        publish(place.store("one"), sealed, KEY)
    assert place.store("three").find(OTHER_KEY) is not None
