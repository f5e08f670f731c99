"""What is done under a lease, when the network is away as the lease is given back."""

from collections.abc import Iterable

import pytest

from tests.object_stores.fixtures import ObjectServers
from tests.predictor.artifact.places import PACE
from tests.predictor.artifact.test_store_contract import KEY
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.failures import FailureReason
from transformermodel_predictor.artifact.lease import Leases
from transformermodel_predictor.objects.bucket import Bucket
from transformermodel_predictor.objects.location import ObjectLocation, Scheme


@pytest.fixture
def leases(object_server: ObjectServers, monkeypatch: pytest.MonkeyPatch) -> Leases:
    """Of a bucket that can be written and not removed from."""

    def away(keys: Iterable[str]) -> None:
        if list(keys):
            raise PreparationFailed(FailureReason.Unreachable, "the network is away.")

    bucket = Bucket(ObjectLocation.parse(object_server(Scheme.S3).bucket()))
    monkeypatch.setattr(bucket, "remove", away)
    return Leases(bucket, "machine", PACE)


def test_work_that_is_done_stays_done(leases: Leases, caplog: pytest.LogCaptureFixture) -> None:
    with leases.held(KEY):
        pass
    assert f"The lease leases/{KEY}/00000001 stays until it expires" in caplog.text


def test_work_that_has_failed_says_why(leases: Leases) -> None:
    with pytest.raises(PreparationFailed, match="the labels differ"), leases.held(KEY):
        raise PreparationFailed(FailureReason.WeightsMismatch, "the labels differ.")
