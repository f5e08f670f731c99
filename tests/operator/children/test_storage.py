"""Where artifacts are kept, as the operator reads it."""

from dataclasses import replace

import pytest

from tests.operator.world import SETTINGS, model
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.storage import AnyStorage, ObjectStorage, StorageLocation
from transformermodel_operator.decide.storage import locate
from transformermodel_operator.snapshot import Refusal


@pytest.mark.parametrize(
    ("uri", "claim", "store"),
    [
        ("pvc://models", "models", "/mnt/store"),
        ("pvc://models/", "models", "/mnt/store"),
        ("pvc://models/a/b", "models", "/mnt/store/a/b"),
        ("pvc://models/a/b/", "models", "/mnt/store/a/b"),
    ],
)
def test_claims(uri: str, claim: str, store: str) -> None:
    location = StorageLocation.parse(uri)
    assert (location.claim, location.store) == (claim, store)
    assert location.uri("x") == uri.rstrip("/") + "/x"


def test_a_slash_at_the_end_of_a_place_is_not_doubled() -> None:
    place = ObjectStorage("s3://bucket/a/")
    assert (place.uri("x"), place.store) == ("s3://bucket/a/x", "s3://bucket/a")


@pytest.mark.parametrize("uri", ["ftp://host", "models", "pvc://", "pvc:///x", "pvc://models/../other"])
def test_other_storage_is_refused_with_the_form_that_would_be_right(uri: str) -> None:
    with pytest.raises(ValueError, match="it must be pvc://claim, s3://bucket, gs://bucket or az://container"):
        StorageLocation.parse(uri)


@pytest.mark.parametrize(
    ("storage", "expected"),
    [
        ({"uri": "pvc://models/a"}, StorageLocation("models", "a")),
        ({"uri": "s3://bucket"}, ObjectStorage("s3://bucket")),
        ({"uri": "gs://bucket/a", "secretRef": {"name": "key"}}, ObjectStorage("gs://bucket/a", "key")),
        ({"uri": "az://container/a"}, ObjectStorage("az://container/a")),
    ],
)
def test_the_models_own_storage(storage: dict[str, object], expected: AnyStorage) -> None:
    assert locate(TransformerModel.read(model(storage=storage)).spec, SETTINGS) == expected
    assert expected.uri("artifacts/x") == f"{storage['uri']}/artifacts/x"


def test_the_secret_of_the_default_storage_is_not_that_of_others() -> None:
    settings = replace(SETTINGS, default_storage="s3://bucket/default", default_storage_secret="key")
    without = TransformerModel.read(model(storage=None)).spec
    own = TransformerModel.read(model(storage={"uri": "s3://bucket/own"})).spec
    assert locate(without, settings) == ObjectStorage("s3://bucket/default", "key")
    assert locate(own, settings) == ObjectStorage("s3://bucket/own")


def test_what_is_no_storage_is_refused_with_a_reason() -> None:
    refusal = locate(TransformerModel.read(model(storage={"uri": "pvc://models/../x"})).spec, SETTINGS)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "StorageInvalid"
