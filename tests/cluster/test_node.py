"""The cluster itself is what the other tests take it for."""

from tests.cluster.kubernetes import Kubernetes, Object

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
    (node,) = kubernetes.list("nodes")
    conditions = {entry["type"]: entry["status"] for entry in node["status"]["conditions"]}
    assert conditions["Ready"] == "True"
    assert node["status"]["nodeInfo"]["kubeletVersion"] == "v1.34.4"


def test_a_restricted_pod_runs_the_wheel_and_not_the_checkout(kubernetes: Kubernetes, namespace: str) -> None:
    script = (
        "import transformermodel_api, torch, pathlib;"
        "pathlib.Path('/dev/termination-log').write_text(transformermodel_api.__file__)"
    )
    kubernetes.apply(placed(pod("wheel", "python", "-c", script, image=kubernetes.predictor_image), namespace))
    ended = kubernetes.wait("pod", "wheel", namespace, succeeded)
    (container,) = ended["status"]["containerStatuses"]
    assert container["state"]["terminated"]["message"].startswith("/opt/transformermodel/lib/")
