"""The InferenceService: what KServe is asked for, and what counts as another revision."""

from typing import Any

import pytest

from tests.operator.world import ARTIFACT, DIGEST, SETTINGS, Object, model, read, revision
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.inference_service import inference_service, revision_of
from transformermodel_operator.children.revision import Revision
from transformermodel_operator.settings import Settings


def build(document: Object | None = None, **settings: Any) -> Object:
    changed = Settings(**{**vars(SETTINGS), **settings})
    owner = TransformerModel.read(document or model())
    return inference_service(owner, Revision.of(owner, ARTIFACT, changed))


def test_it_asks_for_our_runtime_in_standard_mode() -> None:
    service = build(runtime="ours")
    assert service["metadata"]["name"] == "sentiment"
    assert service["metadata"]["annotations"] == {
        "serving.kserve.io/deploymentMode": "Standard",
        "serving.kserve.io/autoscalerClass": "none",
    }
    assert service["spec"]["predictor"]["model"] == {
        "modelFormat": {"name": "transformermodel"},
        "runtime": "ours",
        "protocolVersion": "v2",
        "storageUri": f"pvc://models/prepared/artifacts/{DIGEST}",
    }


def test_it_belongs_to_its_model_and_so_does_the_deployment_that_gets_its_labels() -> None:
    metadata = build()["metadata"]
    assert metadata["labels"]["transformermodel.dev/model"] == "sentiment"
    assert metadata["ownerReferences"][0]["uid"] == "uid-of-model"


def test_the_predictors_part_of_the_spec_is_handed_on() -> None:
    resources = {"requests": {"cpu": "1"}}
    service = build(
        model(
            predictor={
                "minReplicas": 3,
                "resources": resources,
                "nodeSelector": {"disk": "fast"},
                "tolerations": [{"key": "gpu"}],
            }
        )
    )
    predictor = service["spec"]["predictor"]
    assert predictor["minReplicas"] == 3
    assert predictor["model"]["resources"] == resources
    assert predictor["nodeSelector"] == {"disk": "fast"}
    assert predictor["tolerations"] == [{"key": "gpu"}]


def test_device_and_batching_are_told_to_the_server() -> None:
    batching = {"maxTokens": 512, "maxBatchSize": 8, "maxQueueSize": 64, "maxDelayMilliseconds": 2}
    served = build(model(predictor={"device": "CUDA", "batching": batching}))["spec"]["predictor"]["model"]
    assert served["args"] == [
        "--device=cuda",
        "--max-batch-tokens=512",
        "--max-batch-size=8",
        "--max-queue-size=64",
        "--max-delay-milliseconds=2",
    ]


def test_how_a_handlers_processes_run_is_told_to_the_server() -> None:
    workers = {"min": 2, "max": 4, "responseTimeoutSeconds": 30, "startupTimeoutSeconds": 600}
    served = build(model(predictor={"workers": workers}))["spec"]["predictor"]["model"]
    assert served["args"] == ["--min-workers=2", "--max-workers=4", "--response-timeout=30", "--startup-timeout=600"]


def test_how_answers_are_explained_is_told_to_the_server() -> None:
    explanations = {"method": "Lime", "samples": 50, "tolerance": "0.02", "limits": {"steps": 500, "queueSize": 64}}
    served = build(model(predictor={"explanations": explanations}))["spec"]["predictor"]["model"]
    assert served["args"] == [
        "--explanations=method=Lime",
        "--explanations=samples=50",
        "--explanations=limits.steps=500",
    ]


def test_a_method_from_when_all_tasks_had_it_by_default_changes_no_pods() -> None:
    stored = {"explanations": {"method": "IntegratedGradients"}}
    assert revision_of(build(model(predictor=stored))) == revision_of(build())


def test_a_server_is_told_not_to_explain() -> None:
    served = build(model(predictor={"explanations": {"enabled": False}}))["spec"]["predictor"]["model"]
    assert served["args"] == ["--explanations=enabled=false"]


def test_a_new_replica_answers_before_an_old_one_goes() -> None:
    strategy = build()["spec"]["predictor"]["deploymentStrategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": "25%"}}
    recreate = build(model(rollout={"strategy": "Recreate"}))["spec"]["predictor"]["deploymentStrategy"]
    assert recreate == {"type": "Recreate"}


def test_an_autoscaler_is_kserves() -> None:
    service = build(model(predictor={"minReplicas": 2, "maxReplicas": 6, "scaleMetric": "Memory", "scaleTarget": 70}))
    assert service["metadata"]["annotations"]["serving.kserve.io/autoscalerClass"] == "hpa"
    scale = {name: service["spec"]["predictor"][name] for name in ("minReplicas", "maxReplicas", "scaleMetric")}
    assert scale == {"minReplicas": 2, "maxReplicas": 6, "scaleMetric": "memory"}
    assert service["spec"]["predictor"]["scaleTarget"] == 70
    default = build(model(predictor={"maxReplicas": 6}))["spec"]["predictor"]
    assert (default["scaleMetric"], default["scaleTarget"]) == ("cpu", 80)


def test_a_replica_may_finish_what_it_was_asked() -> None:
    predictor = build(model(predictor={"longestRequestSeconds": 120}))["spec"]["predictor"]
    assert predictor["model"]["args"] == ["--finish-seconds=120"]
    assert predictor["terminationGracePeriodSeconds"] == 150  # the longest request, draining, and the end itself
    assert build()["spec"]["predictor"]["terminationGracePeriodSeconds"] == 60


def test_a_replica_may_load_as_long_as_a_rollout_may_take() -> None:
    patient = build(model(rollout={"progressDeadlineSeconds": 1800}))["spec"]["predictor"]["model"]
    assert patient["startupProbe"] == {"failureThreshold": 1800}
    assert "startupProbe" not in build()["spec"]["predictor"]["model"]


POD = {
    "affinity": {"podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": "zone"}]}},
    "serviceAccountName": "reader",
    "runtimeClassName": "nvidia",
    "priorityClassName": "high",
    "imagePullSecrets": [{"name": "registry"}],
    "volumes": [{"name": "data", "persistentVolumeClaim": {"claimName": "data", "readOnly": True}}],
    "labels": {"team": "a"},
}
CONTAINER = {
    "image": "registry.example.com/predictor:cuda",
    "env": [{"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "token", "key": "value"}}}],
    "volumeMounts": [{"name": "data", "mountPath": "/data", "readOnly": True}],
    "resources": {"limits": {"nvidia.com/gpu": 1}},
}


def test_the_pod_is_extended_in_kubernetes_own_words() -> None:
    predictor = build(model(predictor={**POD, **CONTAINER, "annotations": {"note": "b"}}))["spec"]["predictor"]
    assert {name: predictor[name] for name in POD} == POD
    assert {name: predictor["model"][name] for name in CONTAINER} == CONTAINER
    assert predictor["annotations"]["note"] == "b"


@pytest.mark.parametrize(
    "said",
    [
        pytest.param({"affinity": {"podAffinity": {}, "nodeAffinity": {}}}, id="affinity"),
        pytest.param({"resources": {"requests": {}}}, id="resources"),
        pytest.param({"labels": {}, "tolerations": [], "imagePullSecrets": []}, id="maps and lists"),
    ],
)
def test_what_says_nothing_is_not_written(said: Object) -> None:
    """Server-side apply makes null of an object whose last field it removes."""
    assert build(model(predictor=said)) == build()


def test_an_empty_object_in_a_list_says_something() -> None:
    volumes = [{"name": "cache", "emptyDir": {}}]
    assert build(model(predictor={"volumes": volumes}))["spec"]["predictor"]["volumes"] == volumes


def test_the_operators_own_annotation_wins() -> None:
    mine = model(predictor={"annotations": {"transformermodel.dev/revision": "mine"}})  # past an older CRD
    assert revision_of(build(mine)) == revision(mine).name


def test_more_replicas_are_no_other_revision() -> None:
    scaled = build(model(predictor={"minReplicas": 3}))
    assert revision_of(scaled) == revision_of(build())
    without_count = {**scaled["spec"]["predictor"], "minReplicas": 1}
    assert without_count == build()["spec"]["predictor"]


@pytest.mark.parametrize(
    ("document", "settings"),
    [
        pytest.param(model(predictor={"resources": {"limits": {"cpu": "2"}}}), {}, id="resources"),
        pytest.param(model(predictor={"nodeSelector": {"disk": "fast"}}), {}, id="placement"),
        pytest.param(model(predictor={"batching": {"maxTokens": 512}}), {}, id="batching"),
        pytest.param(model(predictor={"explanations": {"enabled": False}}), {}, id="explanations"),
        pytest.param(model(), {"runtime": "other"}, id="runtime"),
    ],
)
def test_other_pods_are_another_revision(document: Object, settings: dict[str, str]) -> None:
    assert revision_of(build(document, **settings)) != revision_of(build())


def test_another_artifact_is_another_revision() -> None:
    other = ARTIFACT.model_copy(update={"uri": "pvc://models/other"})
    assert revision(model(), other).name != revision_of(build())


STORED = ARTIFACT.model_copy(update={"uri": f"s3://bucket/models/artifacts/{DIGEST}"})
MODEL_URI = f"--model-uri=s3://bucket/models/artifacts/{DIGEST}"


def served_from_bucket(**spec: Any) -> Object:
    document = model(**{"storage": {"uri": "s3://bucket/models"}, **spec})
    served: Object = inference_service(read(document), revision(document, STORED))["spec"]["predictor"]["model"]
    return served


def test_an_artifact_in_object_storage_is_fetched_by_the_predictor_itself() -> None:
    served = served_from_bucket(storage={"uri": "s3://bucket/models", "secretRef": {"name": "bucket-key"}})
    assert "storageUri" not in served  # with it KServe's own initializer would fetch
    assert served["storage"] == {}  # without it KServe would take this for a server of many models
    assert served["args"] == [MODEL_URI]
    assert served["envFrom"] == [{"secretRef": {"name": "bucket-key", "optional": False}}]


def test_without_a_secret_the_pod_has_no_more_than_its_service_account() -> None:
    assert "envFrom" not in served_from_bucket()


def test_what_is_served_and_how_are_told_together() -> None:
    assert served_from_bucket(predictor={"batching": {"maxBatchSize": 8}})["args"] == [MODEL_URI, "--max-batch-size=8"]
