"""A model whose artifacts are in S3: the Job writes them there, and the predictor that KServe runs fetches them."""

import json
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tests.chart.pod_security import restricted_violations, writable_roots
from tests.cluster.installation import RELEASE, SYSTEM_NAMESPACE
from tests.cluster.kubernetes import Object
from tests.cluster.object_storage import running_object_server
from tests.cluster.restricted import restricted_namespace
from tests.cluster.stage import CLUSTER_NAME, Stage
from tests.object_stores.install import not_installed
from tests.object_stores.servers import ObjectServer
from tests.predictor.tiny import LABELS, save_tiny_checkpoint
from transformermodel_predictor.objects.location import Scheme

NAME, BUCKET, SECRET = "tiny", "bucket", "bucket-key"
SOURCE = "acme/tiny"
TEXT = "i love this movie"
OPERATOR = f"system:serviceaccount:{SYSTEM_NAMESPACE}:{RELEASE}"
BATCHING = {"maxTokens": 512, "maxBatchSize": 8, "maxQueueSize": 64, "maxDelayMilliseconds": 2}


@dataclass(frozen=True)
class Bucket:
    """A stage with a model whose artifacts are in a bucket.

    Attributes:
        folder: in which the server keeps the bucket's objects.
        expected: the answer that the checkpoint gives in transformers: label and score.
        model: the resource when it was ready.
    """

    stage: Stage
    server: ObjectServer
    folder: Path
    expected: tuple[str, float]
    model: Object

    @property
    def predictor(self) -> Object:
        """The only pod that serves the model."""
        (pod,) = self.pods(f"serving.kserve.io/inferenceservice={NAME}")
        return pod

    def pods(self, selector: str = "") -> list[Object]:
        """Pods of the model's namespace."""
        return self.stage.kubernetes.objects("pods", self.stage.namespace, selector)


@pytest.fixture(scope="module")
def bucket(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bucket]:
    if reason := not_installed(Scheme.S3):
        if os.environ.get("CI") == "true":
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    checkpoint = save_tiny_checkpoint(tmp_path_factory.mktemp("checkpoint"))
    folder = tmp_path_factory.mktemp("objects") / "s3"
    kubernetes = stage.kubernetes
    with running_object_server(kubernetes, folder) as server, restricted_namespace(kubernetes) as namespace:
        server.make_bucket(BUCKET)
        stage.hub.repositories.publish_folder(SOURCE, checkpoint)
        kubernetes.apply([secret(namespace, server), manifest(namespace)])
        own = replace(stage, namespace=namespace)
        yield Bucket(own, server, folder / BUCKET, answer_of(checkpoint), own.ready(NAME))


def secret(namespace: str, server: ObjectServer) -> Object:
    """What a user keeps: the server's address and a key to it."""
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": namespace},
        "stringData": dict(server.environment),
    }


def manifest(namespace: str) -> Object:
    """A model in the bucket that costs little."""
    return {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "metadata": {"name": NAME, "namespace": namespace},
        "spec": {
            "task": "SequenceClassification",
            "source": {"uri": f"hf://{SOURCE}"},
            "preparation": {"format": "Pretrained", "engine": "Pretrained", "precision": "Float32", "maxLength": 16},
            "storage": {"uri": f"s3://{BUCKET}/models", "secretRef": {"name": SECRET}},
            "predictor": {
                "device": "CPU",
                "batching": BATCHING,
                "resources": {"requests": {"cpu": "100m", "memory": "512Mi"}},
            },
        },
    }


def answer_of(checkpoint: Path) -> tuple[str, float]:
    """Label and score as transformers has them."""
    model = AutoModelForSequenceClassification.from_pretrained(checkpoint).eval()
    with torch.inference_mode():
        logits = model(**AutoTokenizer.from_pretrained(checkpoint)(TEXT, return_tensors="pt")).logits[0]
    score, index = torch.softmax(logits, dim=-1).max(dim=-1)
    return LABELS[int(index)], float(score)


def test_the_job_publishes_the_artifact_in_the_bucket(bucket: Bucket) -> None:
    artifact = bucket.model["status"]["artifact"]
    assert artifact["uri"] == f"s3://{BUCKET}/models/artifacts/{artifact['digest']}"
    published = bucket.folder / "models" / "artifacts" / artifact["digest"]
    assert {"manifest.json", "model.safetensors", "index_to_name.json"} <= {path.name for path in published.iterdir()}


def test_the_store_knows_which_model_of_which_cluster_uses_it(bucket: Bucket) -> None:
    references = bucket.folder / "models" / "refs" / CLUSTER_NAME / bucket.stage.namespace
    digest = bucket.model["status"]["artifact"]["digest"]
    assert (references / f"{NAME}~{digest}").read_text().split() == [digest]


def test_the_predictor_fetches_the_artifact_itself(bucket: Bucket) -> None:
    spec = bucket.predictor["spec"]
    (container,) = spec["containers"]
    assert "initContainers" not in spec
    assert not any("persistentVolumeClaim" in volume for volume in spec["volumes"])
    artifact = bucket.model["status"]["artifact"]
    assert f"--model-uri={artifact['uri']}" in container["args"]
    metadata = bucket.stage.kubernetes.http("GET", f"{bucket.stage.url(NAME)}/v2/models/{NAME}").json()
    assert metadata["parameters"]["digest"] == artifact["digest"]


def test_it_answers_as_the_checkpoint_does_in_transformers(bucket: Bucket) -> None:
    tensor = {"name": "text", "shape": [1], "datatype": "BYTES", "data": [TEXT]}
    url = f"{bucket.stage.url(NAME)}/v2/models/{NAME}/infer"
    answer = bucket.stage.kubernetes.http("POST", url, {"inputs": [tensor]})
    outputs = {tensor["name"]: tensor["data"] for tensor in answer.json()["outputs"]}
    label, score = bucket.expected
    assert outputs["label"] == [label]
    assert outputs["score"] == pytest.approx([score], abs=1e-5)


def test_it_answers_grpc_at_the_services_second_port(bucket: Bucket) -> None:
    kubernetes = bucket.stage.kubernetes
    service = kubernetes.get("service", f"{NAME}-predictor", bucket.stage.namespace)
    assert service is not None
    (port,) = (port for port in service["spec"]["ports"] if port.get("appProtocol") == "kubernetes.io/h2c")
    address = f"{service['spec']['clusterIP']}:{port['port']}"
    done = kubernetes.run_in_network(sys.executable, "-m", "tests.cluster.grpc_client", address, NAME, TEXT)
    assert (port["port"], done.stdout.strip()) == (8081, bucket.expected[0])


def test_the_secrets_keys_reach_job_and_predictor_as_environment_and_nobody_else(bucket: Bucket) -> None:
    pods = bucket.pods()
    assert len(pods) == 2
    for pod in pods:
        (container,) = pod["spec"]["containers"]
        assert [source["secretRef"]["name"] for source in container["envFrom"]] == [SECRET]
        assert restricted_violations(pod["spec"]) == []
        assert writable_roots(pod["spec"]) == []


def test_the_operator_cannot_read_the_secret(bucket: Bucket) -> None:
    kubernetes, namespace = bucket.stage.kubernetes, bucket.stage.namespace
    asked = ("auth", "can-i", "get", f"secrets/{SECRET}", f"--namespace={namespace}", f"--as={OPERATOR}")
    assert kubernetes.kubectl(*asked, check=False).stdout.strip() == "no"
    kinds = "transformermodels,jobs,inferenceservices,deployments,pods,events.events.k8s.io"
    shown = kubernetes.kubectl("get", kinds, f"--namespace={namespace}", "--output=json").stdout
    assert bucket.server.environment["AWS_SECRET_ACCESS_KEY"] not in json.dumps(json.loads(shown))


def test_batching_and_device_of_the_spec_arrive_in_the_running_container(bucket: Bucket) -> None:
    (container,) = bucket.predictor["spec"]["containers"]
    assert {
        "--device=cpu",
        "--max-batch-tokens=512",
        "--max-batch-size=8",
        "--max-queue-size=64",
        "--max-delay-milliseconds=2",
    } <= set(container["args"])
