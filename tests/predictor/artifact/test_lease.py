"""What is done under a lease, when the network or the service fails meanwhile."""

import threading
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


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (RuntimeError("with https://secret"), "RuntimeError"),
        (PreparationFailed(FailureReason.Unreachable, "the network is away."), "the network is away."),
    ],
)
def test_a_fault_while_it_is_renewed_is_told_once_and_does_not_lose_it(
    object_server: ObjectServers,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
    said: str,
) -> None:
    bucket = Bucket(ObjectLocation.parse(object_server(Scheme.S3).bucket()))
    faults, write, renewed = [fault] * 3, bucket.write, threading.Event()

    def write_at_the_fourth_attempt(key: str, content: bytes) -> None:
        if faults:
            raise faults.pop()
        write(key, content)
        renewed.set()

    monkeypatch.setattr(bucket, "write", write_at_the_fourth_attempt)
    leases = Leases(bucket, "machine", PACE)
    with leases.held(KEY):
        (before,) = bucket.list(f"leases/{KEY}")
        assert renewed.wait(120)
        (after,) = bucket.list(f"leases/{KEY}")
    assert after.version != before.version
    assert [line for line in caplog.messages if line.startswith(f"The lease leases/{KEY}/00000001")] == [
        f"The lease leases/{KEY}/00000001 could not be renewed ({said}) and is tried again every 0.1 seconds. "
        "After 3 seconds without success another machine may begin the same work."
    ]
