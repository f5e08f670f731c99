"""Locations of stores."""

from pathlib import Path

import pytest

from transformermodel_api.errors import UserError
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.artifact.opening import StoreLocation


@pytest.mark.parametrize("scheme", ["s3", "gs", "az"])
def test_a_uri_with_one_slash_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.chdir(tmp_path)
    location = StoreLocation(f"{scheme}:/bucket/models", tmp_path / "cache")
    for used in (location.open, location.require_usable, location.require_there, location.collectable):
        with pytest.raises(UserError, match=f"{scheme}:/bucket/models cannot be a store: {scheme}://bucket/models is"):
            used()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["./s3:/bucket", "s3", "s3:", "models:/of/mine", "gs/models"])
def test_a_folder_may_be_named_like_a_scheme(tmp_path: Path, place: str) -> None:
    store = StoreLocation(place, tmp_path).open()
    assert isinstance(store, LocalStore)
    assert store.root == Path(place)


def test_a_uri_of_another_kind_is_no_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="ftp://x cannot be a store here: name a folder"):
        StoreLocation("ftp://x", tmp_path).open()
