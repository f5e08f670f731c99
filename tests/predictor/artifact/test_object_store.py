"""Machines that publish the same at once to one object storage."""

from pathlib import Path

import pytest

from tests.object_stores.fixtures import ObjectServers
from tests.predictor.artifact.conftest import Sealed
from tests.predictor.artifact.places import Objects
from tests.predictor.artifact.test_store_contract import KEY, OTHER_KEY, publish
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.location import Scheme


def test_a_failed_upload_takes_nothing_away_that_another_machine_has_published(
    tmp_path: Path, object_server: ObjectServers, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = Objects.below(object_server(Scheme.S3).bucket(), tmp_path)
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
