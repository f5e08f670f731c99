"""Storage that fills up while an artifact is published."""

from pathlib import Path

import pytest

from tests.object_stores.install import not_installed
from tests.object_stores.servers import serving
from tests.predictor.artifact.conftest import Sealed
from tests.predictor.artifact.places import Folder, Objects, Place
from tests.predictor.artifact.small_disk import small_disk
from tests.predictor.artifact.test_store_contract import KEY, OTHER_KEY, publish
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.objects.location import Scheme
from transformermodel_predictor.resources import resources_classified

SIZE = 4 << 20
TOO_MUCH = b"x" * (SIZE - (64 << 10))


def require_unchanged_by_a_full_disk(place: Place, sealed: Sealed) -> None:
    publish(place.store(), sealed)
    before = place.paths()
    with pytest.raises(PreparationFailed) as refusal, resources_classified():
        publish(place.store(), sealed, OTHER_KEY, TOO_MUCH * 2)
    assert refusal.value.reason is FailureReason.InsufficientStorage
    assert {path for path in place.paths() if not path.startswith("staging/")} == before
    assert place.store().find(KEY) is not None
    with place.store().workspace(OTHER_KEY):
        pass  # what the attempt left goes with the workspace
    assert publish(place.store(), sealed, OTHER_KEY).path.is_dir()  # something smaller still finds room


def test_a_full_folder_is_told_and_stays_as_it_was(tmp_path: Path, sealed: Sealed) -> None:
    with small_disk(tmp_path / "disk", SIZE) as disk:
        require_unchanged_by_a_full_disk(Folder(disk), sealed)


@pytest.mark.parametrize("scheme", [Scheme.S3, Scheme.GCS])
def test_full_object_storage_is_told_and_stays_as_it_was(
    scheme: Scheme, tmp_path: Path, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason := not_installed(scheme):
        pytest.skip(reason)
    with small_disk(tmp_path / "disk", SIZE) as disk, serving(scheme, disk / "objects") as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        require_unchanged_by_a_full_disk(Objects.below(server.bucket(), tmp_path), sealed)
