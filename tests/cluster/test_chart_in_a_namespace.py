"""The chart for one namespace, installed by somebody who owns that and nothing else of the cluster, beside KServe."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import pytest

from tests.chart.pod_security import restricted_violations
from tests.cluster.installation import RELEASE, SYSTEM_NAMESPACE, Release
from tests.cluster.kubernetes import PATIENCE_SECONDS, Kubernetes, Object, served
from tests.cluster.node.processes import wait_until
from tests.cluster.node.run import REPOSITORY
from tests.cluster.restricted import restricted_namespace
from tests.cluster.storage import volume_claim
from tests.cluster.test_chart import may
from tests.predictor.tiny import LABELS, save_tiny_checkpoint

CRD = "transformermodels.transformermodel.dev"
OWNER = "owner"
AS_OWNER = (f"--kube-as-user={OWNER}", "--kube-as-group=system:authenticated")
"""Helm, as somebody who may do everything in the namespace and nothing elsewhere."""


@dataclass(frozen=True)
class Installed:
    """A namespace with the chart and a model that was ready, and one of somebody else's."""

    kubernetes: Kubernetes
    release: Release
    namespace: str
    elsewhere: str
    model: Object

    @property
    def operator(self) -> str:
        """The operator, as the API server knows it."""
        return f"system:serviceaccount:{self.namespace}:{self.release.name}-transformermodel"


@pytest.fixture(scope="module")
def installed(kubernetes: Kubernetes) -> Iterator[Installed]:
    with ExitStack() as stack:
        stack.enter_context(cluster_wide_operator_asleep(kubernetes))
        stack.enter_context(resource(kubernetes))
        namespace, elsewhere = (stack.enter_context(restricted_namespace(kubernetes)) for _ in range(2))
        claim = stack.enter_context(volume_claim(kubernetes, namespace, "models"))
        for file in save_tiny_checkpoint(claim.folder / "tiny").iterdir():
            file.chmod(0o644)  # its owner is not the pods'
        kubernetes.apply(rights_of_the_owner(namespace))
        release = Release(kubernetes, "one", namespace)
        values = {"watchNamespaces": [namespace], "crds.enabled": False, "userRoles.create": False}
        release.install(values, *AS_OWNER)
        models = [manifest(namespace), manifest(elsewhere)]
        try:
            kubernetes.apply(models)
            model = kubernetes.wait("transformermodel", "tiny", namespace, "Ready")
            yield Installed(kubernetes, release, namespace, elsewhere, model)
        finally:
            for found in (namespace, elsewhere):
                kubernetes.kubectl("delete", "transformermodel", "tiny", f"--namespace={found}", "--ignore-not-found")
            release.uninstall()


@contextmanager
def cluster_wide_operator_asleep(kubernetes: Kubernetes) -> Iterator[None]:
    """Of operators that watch the same namespace, one may work: that of the other tests has no replica meanwhile."""
    deployment = kubernetes.get("deployment", RELEASE, SYSTEM_NAMESPACE)
    if deployment is None:
        yield
        return
    scale = ("scale", f"deployment/{RELEASE}", f"--namespace={SYSTEM_NAMESPACE}")
    kubernetes.kubectl(*scale, "--replicas=0")
    wait_until(
        lambda: kubernetes.objects("pods", SYSTEM_NAMESPACE) == [], "end of the operator", seconds=PATIENCE_SECONDS
    )
    yield
    kubernetes.kubectl(*scale, f"--replicas={deployment['spec']['replicas']}")
    kubernetes.kubectl("rollout", "status", f"deployment/{RELEASE}", f"--namespace={SYSTEM_NAMESPACE}")


@contextmanager
def resource(kubernetes: Kubernetes) -> Iterator[None]:
    """The CRD, applied by somebody with the rights; left alone when it is there already."""
    if kubernetes.get("crd", CRD) is not None:
        yield
        return
    kubernetes.kubectl("apply", "--filename", REPOSITORY / "crds")
    kubernetes.wait("crd", CRD, None, until=served)
    yield
    kubernetes.kubectl("delete", "crd", CRD)


def rights_of_the_owner(namespace: str) -> list[Object]:
    """Everything, in one namespace."""
    rules = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]
    api, metadata = "rbac.authorization.k8s.io", {"name": OWNER, "namespace": namespace}
    role = {"apiVersion": f"{api}/v1", "kind": "Role", "metadata": metadata, "rules": rules}
    subject = {"apiGroup": api, "kind": "User", "name": OWNER}
    reference = {"apiGroup": api, "kind": "Role", "name": OWNER}
    binding = {"apiVersion": f"{api}/v1", "kind": "RoleBinding", "metadata": metadata}
    return [role, {**binding, "roleRef": reference, "subjects": [subject]}]


def manifest(namespace: str) -> Object:
    return {
        "apiVersion": "transformermodel.dev/v1alpha1",
        "kind": "TransformerModel",
        "metadata": {"name": "tiny", "namespace": namespace},
        "spec": {
            "task": "SequenceClassification",
            "source": {"uri": "pvc://models/tiny"},
            "preparation": {"format": "Pretrained", "engine": "Pretrained", "precision": "Float32"},
            "storage": {"uri": "pvc://models/prepared"},
            "predictor": {"resources": {"requests": {"cpu": "100m"}}},
        },
    }


def test_a_model_goes_from_apply_to_an_answer(installed: Installed) -> None:
    url = f"http://{installed.kubernetes.address('tiny-predictor', installed.namespace)}"
    question = {"inputs": [{"name": "text", "shape": [1], "datatype": "BYTES", "data": ["i love this movie"]}]}
    answer = installed.kubernetes.http("POST", f"{url}/v2/models/tiny/infer", question)
    assert answer.status == 200, answer.body
    outputs = {tensor["name"]: tensor["data"] for tensor in answer.json()["outputs"]}
    assert outputs["label"][0] in LABELS


def test_it_is_served_by_the_runtime_of_its_namespace(installed: Installed) -> None:
    service = installed.kubernetes.get("inferenceservice", "tiny", installed.namespace)
    assert service is not None
    assert service["status"]["servingRuntimeName"] == "transformermodel"
    assert "clusterServingRuntimeName" not in service["status"]


def test_every_pod_is_restricted(installed: Installed) -> None:
    pods = installed.kubernetes.objects("pods", installed.namespace)
    assert len(pods) == 3
    assert [restricted_violations(pod["spec"]) for pod in pods] == [[], [], []]


def test_the_operator_has_its_rights_in_its_namespace_alone(installed: Installed) -> None:
    asked = [("list", "transformermodels"), ("patch", "transformermodels/status"), ("create", "jobs.batch")]
    asked += [
        ("create", "inferenceservices.serving.kserve.io"),
        ("get", "pods/log"),
        ("create", "leases.coordination.k8s.io"),
    ]
    for verb, what in asked:
        assert may(installed.kubernetes, installed.operator, verb, what, installed.namespace), f"{verb} {what}"
        assert not may(installed.kubernetes, installed.operator, verb, what, installed.elsewhere), f"{verb} {what}"
    bindings = installed.kubernetes.objects("clusterrolebindings")
    subjects = [subject["name"] for binding in bindings for subject in binding.get("subjects", ())]
    assert f"{installed.release.name}-transformermodel" not in subjects


def test_the_operator_asks_for_nothing_elsewhere_and_is_refused_nothing(installed: Installed) -> None:
    writes = installed.kubernetes.writes(installed.operator)
    assert {write.namespace for write in writes} == {installed.namespace}
    assert [write for write in writes if write.status == 403] == []


def test_models_of_others_are_left_alone(installed: Installed) -> None:
    model = installed.kubernetes.get("transformermodel", "tiny", installed.elsewhere)
    assert model is not None
    assert "status" not in model
    assert installed.kubernetes.objects("jobs", installed.elsewhere) == []


def test_uninstalling_leaves_nothing_of_the_release(installed: Installed) -> None:
    installed.release.uninstall()
    kinds = (
        "deployments,serviceaccounts,roles,rolebindings,servingruntimes,networkpolicies,poddisruptionbudgets,secrets"
    )
    own = (f"--namespace={installed.namespace}", f"--selector=app.kubernetes.io/instance={installed.release.name}")
    assert installed.kubernetes.kubectl("get", kinds, *own, "--output=name").stdout == ""
    assert installed.kubernetes.get("transformermodel", "tiny", installed.namespace) is not None
