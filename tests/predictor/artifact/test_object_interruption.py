"""A process that publishes to object storage may be killed at any moment."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.object_stores.fixtures import ObjectServers
from tests.predictor.artifact.killed_store import Work, run
from tests.predictor.artifact.places import PACE
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE, ModelConfiguration
from transformermodel_predictor.artifact.labels import LABELS_FILE, labels_text
from transformermodel_predictor.artifact.manifest import Provenance
from transformermodel_predictor.artifact.object_store import ObjectStore
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, Scheme

KEY = "1" * 64


@pytest.fixture
def work(object_server: ObjectServers, tmp_path: Path, provenance: Provenance) -> Work:
    server = object_server(Scheme.S3)
    content = {
        "model.safetensors": b"weights",
        CONFIGURATION_FILE: ModelConfiguration(max_length=64).text().encode(),
        LABELS_FILE: labels_text(("NEGATIVE", "POSITIVE")).encode(),
    }
    return Work(f"{server.bucket()}/store", tmp_path / "undisturbed", KEY, content, provenance, server.environment)


def keys(bucket: Bucket) -> set[str]:
    return {stored.key for stored in bucket.list()}


def require_sound(bucket: Bucket, folder: Path) -> None:
    """What another machine finds is whole, and it finds what is remembered."""
    remembered = f"inputs/{KEY}" in keys(bucket)
    assert (ObjectStore(bucket, folder, PACE).find(KEY) is not None) == remembered


@pytest.mark.slow
def test_killed_before_any_change_it_goes_on_to_the_same_end(work: Work, tmp_path: Path) -> None:
    undisturbed = run(work)
    assert undisturbed is not None
    assert undisturbed.changes >= 7
    root = Bucket(ObjectLocation.parse(work.uri))
    expected = keys(root)
    for last in range(1, undisturbed.changes + 1):
        killed = replace(work, uri=f"{work.uri}/{last}", folder=tmp_path / f"killed-{last}", last=last)
        bucket = root.below(str(last))
        assert run(killed) is None
        require_sound(bucket, tmp_path / f"other-{last}")
        again = run(replace(killed, last=None))
        assert again is not None
        assert again.digest == undisturbed.digest
        assert keys(bucket) == expected
        assert list((killed.folder / "staging").iterdir()) == []


def test_what_was_uploaded_before_the_kill_is_not_uploaded_again(work: Work, tmp_path: Path) -> None:
    undisturbed = run(work)
    assert undisturbed is not None
    place = f"{work.uri}/killed"
    Bucket(ObjectLocation.parse(place)).write(f"artifacts/{undisturbed.digest}/model.safetensors", b"weights")
    again = run(replace(work, uri=place, folder=tmp_path / "again"))
    assert again is not None
    assert set(undisturbed.uploaded) - set(again.uploaded) == {f"artifacts/{undisturbed.digest}/model.safetensors"}


def test_another_machine_takes_over_from_a_dead_one(work: Work, tmp_path: Path) -> None:
    undisturbed = run(work)
    assert undisturbed is not None
    root = Bucket(ObjectLocation.parse(work.uri))
    expected = keys(root)
    killed = replace(work, uri=f"{work.uri}/killed", folder=tmp_path / "killed", last=3)
    assert run(killed) is None
    assert any(key.startswith("leases/") for key in keys(root.below("killed")))
    other = run(replace(killed, folder=tmp_path / "other", last=None))
    assert other is not None
    assert other.digest == undisturbed.digest
    assert keys(root.below("killed")) == expected
