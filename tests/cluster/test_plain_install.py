"""Installing without Helm, with `kubectl apply` alone, on an API server that knows KServe's runtimes."""

from collections.abc import Iterator

import pytest

from tests.chart.install_manifests import ONE_NAMESPACE, WHOLE_CLUSTER, Installation
from tests.cluster.kubernetes import Kubernetes
from tests.cluster.node.run import KSERVE_CRDS, REPOSITORY
from tests.cluster.test_chart import may, served

CRD = "transformermodels.transformermodel.dev"
RUNTIMES = ("clusterservingruntimes", "servingruntimes")
IMAGE = "registry.example.com/transformermodel-operator:0.1.0"
TEAM = "team-a"


@pytest.fixture(scope="module")
def cluster(kubernetes_alone: Kubernetes) -> Iterator[Kubernetes]:
    """An API server that knows KServe's runtimes; one that does not know them is left behind."""
    files = [f"--filename={KSERVE_CRDS / f'serving.kserve.io_{name}.yaml'}" for name in RUNTIMES]
    kubernetes_alone.kubectl("apply", "--server-side", *files)
    for name in RUNTIMES:
        kubernetes_alone.wait("crd", f"{name}.serving.kserve.io", None, until=served)
    yield kubernetes_alone
    kubernetes_alone.kubectl("delete", *files)


def manifest(installation: Installation) -> str:
    """What goes to kubectl, as the documentation has it."""
    text = (REPOSITORY / "deploy" / installation.file).read_text()
    return text.replace("localhost/", "registry.example.com/").replace(ONE_NAMESPACE.namespace, TEAM)


def applied(kubernetes: Kubernetes, text: str) -> dict[str, str]:
    """Apply it; what has become of which object."""
    done = kubernetes.kubectl("apply", "--filename=-", input=text)
    assert done.stderr == ""
    return dict(line.rsplit(" ", 1) for line in done.stdout.splitlines())


def image_of_operator(kubernetes: Kubernetes, namespace: str) -> str:
    deployment = kubernetes.get("deployment", "transformermodel", namespace)
    assert deployment is not None
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    return str(container["image"])


def test_for_the_whole_cluster_one_apply_is_enough_and_a_second_changes_nothing(cluster: Kubernetes) -> None:
    text, namespace = manifest(WHOLE_CLUSTER), WHOLE_CLUSTER.namespace
    try:
        first = applied(cluster, text)
        assert first == dict.fromkeys(first, "created")
        assert applied(cluster, text) == dict.fromkeys(first, "unchanged")
        assert image_of_operator(cluster, namespace) == IMAGE
        operator = f"system:serviceaccount:{namespace}:transformermodel"
        assert may(cluster, operator, "create", "jobs.batch", "default")
        assert may(cluster, operator, "create", "leases.coordination.k8s.io", namespace)
        assert cluster.get("clusterservingruntime", "transformermodel") is not None
    finally:
        cluster.kubectl("delete", "--filename=-", "--ignore-not-found", input=text)
    assert cluster.get("crd", CRD) is None


def test_for_one_namespace_nothing_is_made_elsewhere(cluster: Kubernetes) -> None:
    cluster.kubectl("create", "namespace", TEAM)
    cluster.kubectl("apply", "--filename", REPOSITORY / "crds")
    try:
        assert set(applied(cluster, manifest(ONE_NAMESPACE)).values()) == {"created"}
        assert image_of_operator(cluster, TEAM) == IMAGE
        operator = f"system:serviceaccount:{TEAM}:transformermodel"
        assert may(cluster, operator, "create", "jobs.batch", TEAM)
        assert not may(cluster, operator, "create", "jobs.batch", "default")
        assert cluster.get("servingruntime", "transformermodel", TEAM) is not None
    finally:
        cluster.kubectl("delete", "namespace", TEAM, "--wait=false")
        cluster.kubectl("delete", "crd", CRD)
