"""The Job that removes artifacts: which, with what rights, and what it says where it fails."""

import pytest

from tests.chart.pod_security import restricted_violations, writable_roots
from tests.operator.world import SETTINGS, STORAGE, Object, model
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.removal_job import removal_job
from transformermodel_operator.children.storage import AnyStorage, ObjectStorage, StorageLocation


def build(storage: AnyStorage = STORAGE) -> Object:
    return removal_job(TransformerModel.read(model()), storage, SETTINGS)


def pod(job: Object) -> Object:
    spec: Object = job["spec"]["template"]["spec"]
    return spec


def test_it_removes_what_this_model_alone_has_used() -> None:
    (container,) = pod(build())["containers"]
    assert container["command"] == [
        *("transformermodel", "collect", "--store", "/mnt/store/prepared"),
        *("--forget", "default/team/sentiment", "--only-forgotten"),
    ]


def test_it_has_the_store_and_nothing_else() -> None:
    job = build()
    assert [volume.get("persistentVolumeClaim") for volume in pod(job)["volumes"]] == [{"claimName": "models"}, None]
    assert pod(job)["containers"][0]["volumeMounts"][0] == {"name": "store", "mountPath": "/mnt/store"}
    assert "envFrom" not in pod(job)["containers"][0]
    in_bucket = pod(build(ObjectStorage("s3://bucket/models", "bucket-key")))
    assert [volume["name"] for volume in in_bucket["volumes"]] == ["scratch"]
    assert in_bucket["containers"][0]["envFrom"] == [{"secretRef": {"name": "bucket-key", "optional": False}}]


def test_its_pod_is_restricted_and_needs_little() -> None:
    job = build()
    assert restricted_violations(pod(job)) == []
    assert writable_roots(pod(job)) == []
    assert pod(job)["containers"][0]["resources"]["limits"] == {"memory": "1Gi"}


def test_its_log_is_what_the_model_is_told_where_it_fails_without_a_word() -> None:
    assert pod(build())["containers"][0]["terminationMessagePolicy"] == "FallbackToLogsOnError"


@pytest.mark.parametrize("other", [StorageLocation("models"), ObjectStorage("s3://bucket")])
def test_another_store_is_another_job(other: AnyStorage) -> None:
    assert build(other)["metadata"]["name"] != build()["metadata"]["name"]
