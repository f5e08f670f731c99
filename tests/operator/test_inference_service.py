"""The InferenceService: what KServe is asked for, and what counts as another revision."""

from typing import Any

import pytest

from tests.operator.world import ARTIFACT, DIGEST, SETTINGS, Object, model
from transformermodel_api.model import TransformerModel
from transformermodel_operator.children.inference_service import inference_service, revision_of
from transformermodel_operator.settings import Settings


def build(document: Object | None = None, **settings: Any) -> Object:
    changed = Settings(**{**vars(SETTINGS), **settings})
    return inference_service(TransformerModel.read(document or model()), ARTIFACT, changed)


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


def test_how_answers_are_explained_is_told_to_the_server() -> None:
    explanations = {"method": "Lime", "samples": 50, "tolerance": "0.02", "limits": {"steps": 500, "queueSize": 64}}
    served = build(model(predictor={"explanations": explanations}))["spec"]["predictor"]["model"]
    assert served["args"] == [
        "--explanations=method=Lime",
        "--explanations=samples=50",
        "--explanations=limits.steps=500",
    ]


def test_a_server_is_told_not_to_explain() -> None:
    served = build(model(predictor={"explanations": {"enabled": False}}))["spec"]["predictor"]["model"]
    assert served["args"] == ["--explanations=enabled=false"]


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
    assert revision_of(inference_service(TransformerModel.read(model()), other, SETTINGS)) != revision_of(build())


STORED = ARTIFACT.model_copy(update={"uri": f"s3://bucket/models/artifacts/{DIGEST}"})
MODEL_URI = f"--model-uri=s3://bucket/models/artifacts/{DIGEST}"


def served_from_bucket(**spec: Any) -> Object:
    document = model(**{"storage": {"uri": "s3://bucket/models"}, **spec})
    served: Object = inference_service(TransformerModel.read(document), STORED, SETTINGS)["spec"]["predictor"]["model"]
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
