"""The whole way, on real parts: helm install, kubectl apply, Ready, an answer, a new revision, delete."""

import json

import pytest

from tests.chart.pod_security import restricted_violations, writable_roots
from tests.cluster.client import Client
from tests.cluster.kubernetes import PATIENCE_SECONDS, Object
from tests.cluster.stage import ENCODER, ENCODER_FOLDER, Stage, encoder_files


def test_status_tells_what_was_prepared_and_where_it_answers(stage: Stage, sentiment: Object) -> None:
    status = sentiment["status"]
    assert status["commit"] == stage.hub.repositories.commit(ENCODER, sentiment["spec"]["source"]["revision"])
    assert status["artifact"]["format"] == "Pretrained"
    assert status["artifact"]["digest"] in status["artifact"]["uri"]
    assert status["artifact"]["sizeBytes"] > 40_000_000
    assert status["url"] == f"http://sentiment-predictor.{stage.namespace}.svc.cluster.local"
    assert status["replicas"] == 1
    conditions = {condition["type"]: condition["status"] for condition in status["conditions"]}
    assert conditions == {"Ready": "True", "SourceResolved": "True", "Prepared": "True", "PredictorReady": "True"}


def test_kubectl_get_shows_the_answer_to_the_usual_questions(stage: Stage, sentiment: Object) -> None:
    shown = stage.kubernetes.kubectl("get", "tfm", f"--namespace={stage.namespace}").stdout.splitlines()
    assert shown[0].split() == ["NAME", "READY", "REASON", "TASK", "COMMIT", "URL", "AGE"]
    assert shown[1].split()[:5] == [
        "sentiment",
        "True",
        sentiment["status"]["conditions"][0]["reason"],
        "SequenceClassification",
        sentiment["status"]["commit"][:7],
    ]


def test_inference_over_the_service_gives_the_expected_label(stage: Stage, sentiment: Object) -> None:
    answer = stage.ask()
    assert answer["id"] == "first"
    outputs = {tensor["name"]: tensor["data"] for tensor in answer["outputs"]}
    assert outputs["label"] == ["POSITIVE"]
    assert outputs["score"] == pytest.approx([0.997], abs=1e-3)


def test_prometheus_finds_the_predictor_by_the_runtimes_label_and_port(stage: Stage, sentiment: Object) -> None:
    (pod,) = stage.kubernetes.objects("pods", stage.namespace, "transformermodel.dev/runtime=transformermodel")
    (port,) = (port for port in pod["spec"]["containers"][0]["ports"] if port["name"] == "metrics")
    told = stage.kubernetes.http("GET", f"http://{pod['status']['podIP']}:{port['containerPort']}/metrics")
    assert b'transformermodel_model_info{digest="' in told.body
    assert b'model="sentiment"' in told.body


def test_every_pod_is_restricted_and_has_a_read_only_root(stage: Stage, sentiment: Object) -> None:
    pods = stage.kubernetes.objects("pods", stage.namespace) + stage.kubernetes.objects(
        "pods", "transformermodel-system"
    )
    components = {pod["metadata"]["labels"].get("app.kubernetes.io/component", "predictor") for pod in pods}
    assert components >= {"preparation", "predictor", "operator"}
    for pod in pods:
        assert restricted_violations(pod["spec"]) == []
        assert writable_roots(pod["spec"]) == []


def test_an_edit_of_the_revision_rolls_over_without_a_failed_request(stage: Stage, sentiment: Object) -> None:
    configuration = json.loads((ENCODER_FOLDER / "config.json").read_text())
    files = encoder_files() | {"config.json": json.dumps({**configuration, "hidden_dropout_prob": 0.2}).encode()}
    commit = stage.hub.repositories.publish(ENCODER, files, branch="next")
    manifest = stage.manifest(revision="next")
    manifest["spec"]["preparation"] |= elected(sentiment)  # another contest would take half a minute to say the same
    with Client(stage).asking() as client:
        stage.kubernetes.apply(manifest)
        model = stage.kubernetes.wait(
            "transformermodel",
            "sentiment",
            stage.namespace,
            lambda found: found["status"].get("commit") == commit and is_ready(found),
        )
        predictors = "serving.kserve.io/inferenceservice=sentiment"
        stage.kubernetes.wait_for_all("pods", stage.namespace, predictors, lambda pods: len(pods) == 1)
    assert model["status"]["artifact"]["digest"] != sentiment["status"]["artifact"]["digest"]
    assert client.failures == []
    assert client.answered > 10
    metadata = stage.kubernetes.http("GET", f"{stage.url()}/v2/models/sentiment").json()
    assert metadata["parameters"]["commit"] == commit


def elected(model: Object) -> Object:
    """What the contest has found best for a model, to be named in spec.preparation."""
    return {name: model["status"]["artifact"][name] for name in ("format", "engine", "precision")}


def is_ready(model: Object) -> bool:
    ready = next(found for found in model["status"]["conditions"] if found["type"] == "Ready")
    current: bool = ready["observedGeneration"] == model["metadata"]["generation"]
    return current and ready["status"] == "True"


def test_deletion_leaves_nothing_behind(stage: Stage, sentiment: Object) -> None:
    stage.kubernetes.apply(stage.manifest("short-lived"))
    stage.ready("short-lived")
    stage.kubernetes.kubectl("delete", "transformermodel", "short-lived", f"--namespace={stage.namespace}")
    kinds = (
        "jobs,inferenceservices,deployments,replicasets,services,pods,configmaps,horizontalpodautoscalers,"
        "controllerrevisions,poddisruptionbudgets"
    )
    left = ("get", kinds, f"--namespace={stage.namespace}", "--output=name")
    stage.kubernetes.wait_deleted("deployment", "short-lived-predictor", stage.namespace)
    for name in stage.kubernetes.kubectl(*left).stdout.split():
        if "short-lived" in name:
            stage.kubernetes.kubectl(
                "wait", "--for=delete", name, f"--namespace={stage.namespace}", f"--timeout={PATIENCE_SECONDS}s"
            )
    assert "short-lived" not in stage.kubernetes.kubectl(*left).stdout
