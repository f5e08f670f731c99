"""The preparation Job: what runs, under which limits, and what makes it another Job."""

import json
from typing import Any

import pytest

from tests.chart.pod_security import restricted_violations, writable_roots
from tests.operator.world import SETTINGS, STORAGE, Object, model
from transformermodel_api.contract import PreparationRequest
from transformermodel_api.errors import UserError
from transformermodel_api.failures import FailureReason
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.job import preparation_job
from transformermodel_operator.children.storage import AnyStorage, ObjectStorage, StorageLocation
from transformermodel_operator.children.work_job import ATTEMPT_ANNOTATION, attempt_of, settings_hash
from transformermodel_operator.settings import Settings


def build(document: Object | None = None, storage: AnyStorage = STORAGE, **settings: Any) -> Object:
    changed = Settings(**{**vars(SETTINGS), **settings})
    return preparation_job(TransformerModel.read(document or model()), storage, changed)


def pod(job: Object) -> Object:
    spec: Object = job["spec"]["template"]["spec"]
    return spec


def environment(job: Object) -> dict[str, str]:
    return {variable["name"]: variable["value"] for variable in pod(job)["containers"][0]["env"]}


def test_its_pod_is_restricted_and_has_a_read_only_root() -> None:
    assert restricted_violations(pod(build())) == []
    assert writable_roots(pod(build())) == []
    assert pod(build())["automountServiceAccountToken"] is False
    assert pod(build())["enableServiceLinks"] is False


def test_it_may_write_to_a_claim_and_does_not_hand_over_what_is_in_it() -> None:
    security = pod(build())["securityContext"]
    assert security["fsGroup"] > 0
    assert security["fsGroupChangePolicy"] == "OnRootMismatch"


def test_it_belongs_to_its_model() -> None:
    metadata = build()["metadata"]
    kind = {"apiVersion": "transformermodel.dev/v1alpha1", "kind": "TransformerModel"}
    owner = {**kind, "name": "sentiment", "uid": "uid-of-model"}
    assert metadata["namespace"] == "team"
    assert metadata["labels"] == {
        "app.kubernetes.io/name": "transformermodel",
        "app.kubernetes.io/instance": "sentiment",
        "app.kubernetes.io/component": "preparation",
        "app.kubernetes.io/managed-by": "transformermodel-operator",
        "transformermodel.dev/model": "sentiment",
    }
    assert build()["spec"]["template"]["metadata"]["labels"] == metadata["labels"]
    assert [reference | owner for reference in metadata["ownerReferences"]] == metadata["ownerReferences"]
    assert metadata["ownerReferences"][0]["controller"] is True
    assert metadata["ownerReferences"][0]["blockOwnerDeletion"] is True


def test_it_runs_the_preparation_with_the_request_and_the_store() -> None:
    job = build(hub_endpoint="http://hub", image_pull_policy="Always")
    container = pod(job)["containers"][0]
    assert container["command"] == ["transformermodel", "prepare", "--job", "--store", "/mnt/store/prepared"]
    assert (container["image"], container["imagePullPolicy"]) == ("predictor:1", "Always")
    request = PreparationRequest.model_validate(json.loads(environment(job)["TRANSFORMERMODEL_REQUEST"]))
    assert request.source.uri == "hf://org/name"
    assert environment(job)["TRANSFORMERMODEL_HUB_ENDPOINT"] == "http://hub"
    assert environment(build(cluster="blue"))["TRANSFORMERMODEL_REFERENCE"] == "blue/team/sentiment"
    assert pod(job)["volumes"][0]["persistentVolumeClaim"] == {"claimName": "models"}


def test_whatever_it_writes_besides_the_store_goes_to_a_scratch_volume() -> None:
    variables = environment(build())
    assert (variables["HOME"], variables["TMPDIR"], variables["HF_HOME"]) == ("/scratch", "/scratch", "/scratch/hf")
    assert "/tmp" not in [mount["mountPath"] for mount in pod(build())["containers"][0]["volumeMounts"]]


def test_a_text_that_looks_like_a_variable_reaches_the_preparation_as_it_is() -> None:
    job = build(model(tests=[{"input": {"text": "$(HOME)"}, "expect": {"label": "A"}}]))
    assert "$$(HOME)" in environment(job)["TRANSFORMERMODEL_REQUEST"]


def test_a_secret_is_named_and_must_exist() -> None:
    assert "envFrom" not in pod(build())["containers"][0]
    job = build(model(source={"uri": "hf://org/name", "secretRef": {"name": "token"}}))
    assert pod(job)["containers"][0]["envFrom"] == [{"secretRef": {"name": "token", "optional": False}}]


def test_it_is_tried_again_unless_the_failure_would_repeat() -> None:
    ignored, lasting = build()["spec"]["podFailurePolicy"]["rules"]
    assert ignored["action"] == "Ignore"
    assert ignored["onPodConditions"] == [{"type": "DisruptionTarget", "status": "True"}]
    assert lasting["action"] == "FailJob"
    assert lasting["onExitCodes"]["containerName"] == pod(build())["containers"][0]["name"]
    statuses = lasting["onExitCodes"]["values"]
    assert statuses == sorted(set(statuses))
    assert 0 not in statuses
    for reason in FailureReason:
        assert (reason.exit_status in statuses) is not reason.transient
    assert UserError.exit_status in statuses
    assert build()["spec"]["backoffLimit"] == 3
    assert pod(build())["restartPolicy"] == "Never"


@pytest.mark.parametrize(("annotation", "expected"), [("3", 3), ("third", 1), (None, 1)])
def test_the_how_manieth_it_is_can_be_read_whoever_has_edited_it(annotation: str | None, expected: int) -> None:
    job = build()
    job["metadata"]["annotations"] = None if annotation is None else {ATTEMPT_ANNOTATION: annotation}
    assert attempt_of(job) == expected


def test_limits_come_from_the_spec() -> None:
    resources = {"limits": {"memory": "8Gi"}}
    job = build(
        model(
            preparation={
                "deadlineSeconds": 60,
                "ttlSecondsAfterFinished": 7200,
                "resources": resources,
                "nodeSelector": {"disk": "fast"},
                "tolerations": [{"key": "gpu", "effect": "NoSchedule"}],
            }
        )
    )
    assert job["spec"]["activeDeadlineSeconds"] == 60
    assert job["spec"]["ttlSecondsAfterFinished"] == 7200
    assert pod(job)["containers"][0]["resources"] == resources
    assert pod(job)["nodeSelector"] == {"disk": "fast"}
    assert pod(job)["tolerations"] == [{"key": "gpu", "effect": "NoSchedule"}]


def test_without_resources_in_the_spec_there_are_defaults() -> None:
    assert pod(build())["containers"][0]["resources"]["limits"]["memory"]


def test_a_finished_job_stays_long_enough_for_its_outcome_to_be_read() -> None:
    job = build(model(preparation={"ttlSecondsAfterFinished": 0}))
    assert job["spec"]["ttlSecondsAfterFinished"] == 300


SOURCE = {"uri": "hf://org/name"}


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(model(source={**SOURCE, "revision": "v2"}), id="revision"),
        pytest.param(model(source={**SOURCE, "secretRef": {"name": "token"}}), id="credentials"),
        pytest.param(model(preparation={"maxLength": 64}), id="preparation"),
        pytest.param(model(tests=[{"input": {"text": "a"}, "expect": {"label": "A"}}]), id="golden answers"),
        pytest.param(
            model(metadata={"annotations": {"transformermodel.dev/requested-at": "now"}}), id="asked for again"
        ),
    ],
)
def test_another_outcome_is_another_job(document: Object) -> None:
    assert build(document)["metadata"]["name"] != build()["metadata"]["name"]


def test_another_store_is_another_job() -> None:
    assert build(storage=StorageLocation("models"))["metadata"]["name"] != build()["metadata"]["name"]


@pytest.mark.parametrize(
    ("document", "settings"),
    [
        pytest.param(model(preparation={"resources": {"limits": {"memory": "8Gi"}}}), {}, id="resources"),
        pytest.param(model(preparation={"deadlineSeconds": 60}), {}, id="deadline"),
        pytest.param(model(), {"predictor_image": "predictor:2"}, id="an upgrade"),
    ],
)
def test_another_way_to_the_same_outcome_is_the_same_job_with_other_settings(
    document: Object, settings: dict[str, str]
) -> None:
    other = build(document, **settings)
    assert other["metadata"]["name"] == build()["metadata"]["name"]
    assert settings_hash(other) != settings_hash(build())


def test_it_has_the_predictors_image_and_what_that_needs() -> None:
    needs = {"imagePullSecrets": [{"name": "registry"}], "runtimeClassName": "nvidia"}
    job = build(model(predictor={"image": "predictor:cuda", **needs}))
    assert pod(job)["containers"][0]["image"] == "predictor:cuda"
    assert {name: pod(job)[name] for name in needs} == needs


def test_what_only_concerns_the_predictor_leaves_the_job_as_it_is() -> None:
    assert build(model(predictor={"minReplicas": 3}, suspend=True)) == build()


def test_the_name_fits_where_the_longest_model_name_does() -> None:
    longest = model(metadata={"name": "m" * 40})
    assert len(build(longest)["metadata"]["name"]) <= 63


def test_object_storage_is_no_volume_and_its_secret_opens_it() -> None:
    job = build(storage=ObjectStorage("s3://bucket/models", "bucket-key"))
    container = pod(job)["containers"][0]
    assert container["command"][-2:] == ["--store", "s3://bucket/models"]
    assert [volume["name"] for volume in pod(job)["volumes"]] == ["scratch"]
    assert container["envFrom"] == [{"secretRef": {"name": "bucket-key", "optional": False}}]
    assert restricted_violations(pod(job)) == []


@pytest.mark.parametrize(("storage", "expected"), [("bucket-key", ["token", "bucket-key"]), ("token", ["token"])])
def test_the_secrets_of_source_and_storage_are_both_there(storage: str, expected: list[str]) -> None:
    job = build(
        model(source={"uri": "hf://org/name", "secretRef": {"name": "token"}}), ObjectStorage("s3://bucket", storage)
    )
    named = [source["secretRef"]["name"] for source in pod(job)["containers"][0]["envFrom"]]
    assert named == expected


def test_sources_on_claims_are_mounted_read_only_and_read_as_folders() -> None:
    job = build(model(source={"uri": "pvc://data/base", "adapterUri": "pvc://tuned/adapter"}))
    claims = {volume["persistentVolumeClaim"]["claimName"]: volume["name"] for volume in pod(job)["volumes"][:-1]}
    assert set(claims) == {"models", "data", "tuned"}
    mounts = {mount["name"]: mount for mount in pod(job)["containers"][0]["volumeMounts"]}
    request = PreparationRequest.model_validate(json.loads(environment(job)["TRANSFORMERMODEL_REQUEST"]))
    uris = {"data": (request.source.uri, "base"), "tuned": (request.source.adapter_uri, "adapter")}
    for claim, (uri, folder) in uris.items():
        mount = mounts[claims[claim]]
        assert mount["readOnly"] is True
        assert uri == f"file://{mount['mountPath']}/{folder}"
    assert "readOnly" not in mounts["store"]


def test_a_source_on_the_store_s_own_claim_shares_its_volume_and_stays_read_only() -> None:
    """The kubelet never finishes mounting a claim that a pod names twice."""
    job = build(model(source={"uri": "pvc://models/base"}))
    claims = [volume["persistentVolumeClaim"]["claimName"] for volume in pod(job)["volumes"][:-1]]
    mounts = {mount["mountPath"]: mount for mount in pod(job)["containers"][0]["volumeMounts"]}
    assert claims == ["models"]
    assert mounts["/mnt/sources/models"] == {"name": "store", "mountPath": "/mnt/sources/models", "readOnly": True}
    assert mounts["/mnt/store"] == {"name": "store", "mountPath": "/mnt/store"}


def test_samples_on_a_claim_are_mounted_too() -> None:
    job = build(model(preparation={"parity": {"samplesUri": "pvc://asked/samples.jsonl"}}))
    assert "asked" in [volume.get("persistentVolumeClaim", {}).get("claimName") for volume in pod(job)["volumes"]]
    request = PreparationRequest.model_validate(json.loads(environment(job)["TRANSFORMERMODEL_REQUEST"]))
    assert request.preparation.parity is not None
    assert request.preparation.parity.samples_uri == "file:///mnt/sources/asked/samples.jsonl"


def test_a_source_does_not_climb_out_of_its_claim() -> None:
    job = build(model(source={"uri": "pvc://data/../../etc"}))
    request = PreparationRequest.model_validate(json.loads(environment(job)["TRANSFORMERMODEL_REQUEST"]))
    assert request.source.uri == "file:///mnt/sources/data/etc"


def test_other_storage_is_another_job() -> None:
    names = {
        build(storage=storage)["metadata"]["name"]
        for storage in (STORAGE, ObjectStorage("s3://a"), ObjectStorage("s3://b"), ObjectStorage("gs://a"))
    }
    assert len(names) == 4


def test_the_pods_have_the_service_account_that_a_cloud_lets_in() -> None:
    assert "serviceAccountName" not in pod(build())
    named = build(model(preparation={"serviceAccountName": "trainer"}))
    assert pod(named)["serviceAccountName"] == "trainer"
    assert pod(named)["automountServiceAccountToken"] is False
    assert named["metadata"]["name"] == build()["metadata"]["name"]
    assert settings_hash(named) != settings_hash(build())
