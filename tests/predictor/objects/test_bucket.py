"""Objects that several write: of each service, behind a real server."""

import pytest

from tests.object_stores.fixtures import ObjectServers
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, Scheme

KEY = "inputs/one input"


@pytest.fixture(params=Scheme)
def bucket(request: pytest.FixtureRequest, object_server: ObjectServers) -> Bucket:
    return Bucket(ObjectLocation.parse(f"{object_server(request.param).bucket()}/models"))


def test_an_object_is_replaced_in_the_version_that_was_seen_alone(bucket: Bucket) -> None:
    bucket.write(KEY, b"first")
    seen = bucket.state(KEY)
    assert seen is not None
    assert bucket.replace(KEY, b"second", seen.version)
    assert not bucket.replace(KEY, b"third", seen.version)
    assert bucket.read(KEY) == b"second"


def test_an_object_that_was_removed_is_not_replaced(bucket: Bucket) -> None:
    bucket.write(KEY, b"first")
    seen = bucket.state(KEY)
    assert seen is not None
    bucket.remove([KEY])
    assert not bucket.replace(KEY, b"second", seen.version)
    assert bucket.read(KEY) is None
