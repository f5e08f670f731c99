"""The cluster itself is what the other tests take it for."""

import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cluster.kubernetes import PATIENCE_SECONDS, CommandFailed, Kubernetes, NotReached, Object
from tests.cluster.node.cluster import clear_dead_runs
from tests.cluster.node.processes import wait_until
from tests.cluster.node.run import REPOSITORY, RUNS, Run
from tests.cluster.storage import VolumeClaim
from tests.hub.server import HubServer

POD_SECURITY: Object = {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}}
CONTAINER_SECURITY: Object = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def pod(name: str, *command: str, image: str, claim: str | None = None) -> Object:
    """A pod that runs one command to its end, with /tmp to write to and a claim at /data."""
    volumes: list[Object] = [{"name": "temporary", "emptyDir": {}}]
    mounts: list[Object] = [{"name": "temporary", "mountPath": "/tmp"}]
    if claim:
        volumes.append({"name": "data", "persistentVolumeClaim": {"claimName": claim}})
        mounts.append({"name": "data", "mountPath": "/data"})
    container = {
        "name": "main",
        "image": image,
        "command": list(command),
        "securityContext": CONTAINER_SECURITY,
        "volumeMounts": mounts,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name},
        "spec": {
            "restartPolicy": "Never",
            "securityContext": POD_SECURITY,
            "containers": [container],
            "volumes": volumes,
        },
    }


def succeeded(document: Object) -> bool:
    return bool(document["status"].get("phase") == "Succeeded")


def placed(document: Object, namespace: str) -> Object:
    """The object, in a namespace."""
    return {**document, "metadata": {**document["metadata"], "namespace": namespace}}


def test_the_node_is_ready_and_has_the_version_that_was_built(kubernetes: Kubernetes) -> None:
    (node,) = kubernetes.objects("nodes")
    conditions = {entry["type"]: entry["status"] for entry in node["status"]["conditions"]}
    assert conditions["Ready"] == "True"
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.34.4"


def run_pod(kubernetes: Kubernetes, namespace: str, name: str, script: str, claim: str | None = None) -> str:
    """Run Python in a restricted pod to its end; returns what it left as its termination message."""
    document = pod(name, "python", "-c", script, image=kubernetes.predictor_image, claim=claim)
    kubernetes.apply(placed(document, namespace))
    (container,) = kubernetes.wait("pod", name, namespace, succeeded)["status"]["containerStatuses"]
    return str(container["state"]["terminated"].get("message", ""))


def test_a_restricted_pod_runs_the_wheel_and_not_the_checkout(kubernetes: Kubernetes, namespace: str) -> None:
    script = (
        "import transformermodel_api, torch, pathlib;"
        "pathlib.Path('/dev/termination-log').write_text(transformermodel_api.__file__)"
    )
    assert run_pod(kubernetes, namespace, "wheel", script).startswith("/opt/transformermodel/lib/")


def test_the_command_line_runs_in_the_image(kubernetes: Kubernetes, namespace: str) -> None:
    command = pod("command", "transformermodel", "crds", image=kubernetes.operator_image)
    kubernetes.apply(placed(command, namespace))
    kubernetes.wait("pod", "command", namespace, succeeded)
    assert "kind: CustomResourceDefinition" in kubernetes.kubectl("logs", "command", f"--namespace={namespace}").stdout


def test_a_pod_that_wants_privileges_is_refused(kubernetes: Kubernetes, namespace: str) -> None:
    document = placed(pod("root", "true", image=kubernetes.predictor_image), namespace)
    document["spec"].pop("securityContext")
    with pytest.raises(CommandFailed, match='violates PodSecurity "restricted:latest"'):
        kubernetes.apply(document)


def test_pods_share_the_folder_behind_a_claim(
    kubernetes: Kubernetes, namespace: str, persistent_volume_claim: Callable[[str], VolumeClaim]
) -> None:
    claim = persistent_volume_claim("shared")
    run_pod(kubernetes, namespace, "writes", "open('/data/word', 'w').write('shared')", claim.name)
    assert (claim.folder / "word").read_text() == "shared"
    script = "import shutil; shutil.copyfile('/data/word', '/dev/termination-log')"
    assert run_pod(kubernetes, namespace, "reads", script, claim.name) == "shared"


def test_pods_reach_the_hub(kubernetes: Kubernetes, namespace: str, hub: HubServer) -> None:
    commit = hub.repositories.publish("org/model", {"config.json": b"{}"})
    script = (
        "import json, pathlib, urllib.request;"
        f"answer = urllib.request.urlopen('{hub.url}/api/models/org/model', timeout=10);"
        "pathlib.Path('/dev/termination-log').write_text(json.load(answer)['sha'])"
    )
    assert run_pod(kubernetes, namespace, "downloads", script) == commit


def serving_runtime(image: str) -> Object:
    """A runtime that serves the model's files as they are."""
    container = {
        "name": "kserve-container",
        "image": image,
        "command": ["python", "-m", "http.server", "8080", "--directory", "/mnt/models"],
        "ports": [{"containerPort": 8080}],
        "securityContext": {**CONTAINER_SECURITY, **POD_SECURITY},
        "readinessProbe": {"httpGet": {"path": "/", "port": 8080}, "periodSeconds": 1},
        "resources": {"requests": {"cpu": "50m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "256Mi"}},
    }
    return {
        "apiVersion": "serving.kserve.io/v1alpha1",
        "kind": "ServingRuntime",
        "metadata": {"name": "files"},
        "spec": {"supportedModelFormats": [{"name": "files"}], "containers": [container]},
    }


def inference_service(claim: str) -> Object:
    model = {"modelFormat": {"name": "files"}, "runtime": "files", "storageUri": f"pvc://{claim}/model"}
    return {
        "apiVersion": "serving.kserve.io/v1beta1",
        "kind": "InferenceService",
        "metadata": {"name": "greeting"},
        "spec": {"predictor": {"model": model}},
    }


def test_kserve_serves_a_model_from_a_claim(
    kubernetes: Kubernetes, namespace: str, persistent_volume_claim: Callable[[str], VolumeClaim]
) -> None:
    claim = persistent_volume_claim("models")
    (claim.folder / "model").mkdir()
    (claim.folder / "model" / "greeting").write_text("hello")
    documents = (serving_runtime(kubernetes.predictor_image), inference_service(claim.name))
    kubernetes.apply([placed(document, namespace) for document in documents])
    kubernetes.wait("inferenceservice", "greeting", namespace, "Ready")
    address = kubernetes.address("greeting-predictor", namespace)
    answer = kubernetes.http("GET", f"http://{address}/greeting")
    assert (answer.status, answer.body) == (200, b"hello")


@pytest.fixture
def routes(kubernetes: Kubernetes) -> Iterator[None]:
    """KServe makes an Ingress for each InferenceService that changes meanwhile; otherwise it makes none here."""
    configuration = kubernetes.get("configmap", "inferenceservice-config", "kserve")
    assert configuration is not None
    ingress = configuration["data"]["ingress"]
    _configure_ingress(kubernetes, json.dumps({**json.loads(ingress), "disableIngressCreation": False}))
    yield
    _configure_ingress(kubernetes, ingress)


def _configure_ingress(kubernetes: Kubernetes, ingress: str) -> None:
    patch = json.dumps({"data": {"ingress": ingress}})
    kubernetes.kubectl("patch", "configmap", "inferenceservice-config", "-n", "kserve", "--type=merge", "-p", patch)


def test_kserve_starts_a_canary_and_routes_it_nothing(
    kubernetes: Kubernetes,
    namespace: str,
    persistent_volume_claim: Callable[[str], VolumeClaim],
    routes: None,
) -> None:
    """Why spec.rollout.canary is refused: once KServe splits traffic, this fails, and canaries can be offered."""
    claim = persistent_volume_claim("models")
    (claim.folder / "model").mkdir()
    service = placed(inference_service(claim.name), namespace)
    service["metadata"]["annotations"] = {
        "serving.kserve.io/deploymentMode": "Standard",
        "serving.kserve.io/autoscalerClass": "none",
    }
    model = {**service["spec"]["predictor"]["model"], "name": "kserve-container"}  # which its CRD wants of canaries
    service["spec"]["canary"] = [{"predictor": {"model": model, "name": "next"}, "trafficPercent": 50}]
    kubernetes.apply([placed(serving_runtime(kubernetes.predictor_image), namespace), service])

    for ready in ("CanaryPredictorReady", "Ready"):
        told = kubernetes.wait("inferenceservice", "greeting", namespace, ready)["status"]
    assert [(found["name"], found["ready"], found["trafficPercent"]) for found in told["canaryStatuses"]] == [
        ("next", True, 50)
    ]
    for kind in ("deployments", "services"):
        names = {found["metadata"]["name"] for found in kubernetes.objects(kind, namespace)}
        assert {"greeting-predictor", "greeting-next-predictor"} <= names
    (route,) = kubernetes.objects("ingresses", namespace)
    paths = [path for rule in route["spec"]["rules"] for path in rule["http"]["paths"]]
    assert {path["backend"]["service"]["name"] for path in paths} == {"greeting-predictor"}


def test_kserve_refuses_a_service_without_a_model(kubernetes: Kubernetes, namespace: str) -> None:
    document = placed(inference_service("models"), namespace)
    document["spec"]["predictor"] = {"minReplicas": -1}
    with pytest.raises(CommandFailed, match="denied the request"):
        kubernetes.apply(document)


def test_waiting_in_vain_tells_what_the_cluster_knows(kubernetes: Kubernetes, namespace: str) -> None:
    kubernetes.apply(placed(pod("stays", "sleep", "60", image="transformermodel.test/absent:test"), namespace))
    with pytest.raises(NotReached, match="absent:test") as failure:
        kubernetes.wait("pod", "stays", namespace, succeeded, timeout=3)
    assert str(kubernetes.logs) in str(failure.value)


def test_a_second_cluster_disturbs_nobody_and_nothing_of_it_outlives_its_owner(kubernetes: Kubernetes) -> None:
    second = subprocess.Popen(
        [sys.executable, "-m", "tests.cluster"], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )
    assert second.stdout is not None
    assert "ready" in second.stdout.readline()
    kubectl = second.stdout.readline().split()[0]
    ask = [kubectl, "get", "node", "node", "--output=jsonpath={.metadata.uid}"]
    of_second = subprocess.run(ask, capture_output=True, text=True, check=True).stdout
    (run,) = (run for run in map(Run, RUNS.glob("[0-9]*")) if run.owner.pid == second.pid)
    node = kubernetes.get("node", "node")
    assert node is not None
    assert node["metadata"]["uid"] != of_second

    second.send_signal(signal.SIGKILL)
    second.communicate()
    what = "end of the second cluster's processes"
    wait_until(lambda: not processes_of(run), what, seconds=PATIENCE_SECONDS)
    clear_dead_runs()  # unless a cluster that has begun just now has done so; others may have died too
    assert not run.folder.exists()
    assert not list(Path("/sys/fs/cgroup").glob(f"**/{run.name}"))
    assert kubernetes.get("node", "node") is not None


def processes_of(run: Run) -> list[str]:
    """Command lines that name the run's folder."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = path.read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(run.folder).encode() in line:
            found.append(line.replace(b"\0", b" ").decode())
    return found
