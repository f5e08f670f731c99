"""The chart's life on an API server that knows nothing of KServe at first: install, upgrade, uninstall, come back."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.chart.chart import HELM, Chart
from tests.chart.everything import EVERYTHING, OF_OTHERS
from tests.cluster.kubernetes import Kubernetes, served
from tests.cluster.node.run import KSERVE_CRDS, REPOSITORY

CHART = REPOSITORY / "charts" / "transformermodel"
RELEASE, NAMESPACE = "transformermodel", "transformermodel-system"
PROGRAM = Path(sys.executable).with_name("transformermodel")
CRD = "transformermodels.transformermodel.dev"
OPERATOR = f"system:serviceaccount:{NAMESPACE}:{RELEASE}"
MODEL = {
    "apiVersion": "transformermodel.dev/v1alpha1",
    "kind": "TransformerModel",
    "metadata": {"name": "sentiment", "namespace": "default"},
    "spec": {"task": "SequenceClassification", "source": {"uri": "hf://org/name"}},
}


@pytest.fixture(scope="module", autouse=True)
def namespace(kubernetes_alone: Kubernetes) -> Iterator[None]:
    """What Helm makes for the first installation, and never removes."""
    yield
    kubernetes_alone.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found")


@pytest.fixture
def installed(kubernetes_alone: Kubernetes) -> Iterator[Kubernetes]:
    """The chart with its defaults; uninstalled afterwards, and the CRD that it keeps deleted."""
    helm(kubernetes_alone, "install", "--create-namespace")
    yield kubernetes_alone
    kubernetes_alone.helm("uninstall", RELEASE, "--namespace", NAMESPACE, "--ignore-not-found")
    kubernetes_alone.kubectl("delete", "crd", CRD, "--ignore-not-found")


def helm(kubernetes: Kubernetes, command: str, *arguments: object) -> str:
    return kubernetes.helm(command, RELEASE, CHART, "--namespace", NAMESPACE, *arguments).stdout


def may(kubernetes: Kubernetes, user: str, verb: str, resource: str, namespace: str = "default") -> bool:
    name, _, subresource = resource.partition("/")
    question = ("auth", "can-i", verb, name, f"--subresource={subresource}", f"--as={user}", f"--namespace={namespace}")
    return kubernetes.kubectl(*question, check=False).stdout.strip() == "yes"


def check_installation(kubernetes: Kubernetes) -> subprocess.CompletedProcess[str]:
    """What `helm test` runs, for somebody who does not want to wait."""
    options = ("--namespace", "default", "--source-uri", "hf://org/name", "--patience-seconds", "0")
    return kubernetes.run_in_network(PROGRAM, "check-installation", *options, check=False)


def kinds_of_release(kubernetes: Kubernetes) -> list[str]:
    manifest = kubernetes.helm("get", "manifest", RELEASE, "--namespace", NAMESPACE).stdout
    return [line.removeprefix("kind: ") for line in manifest.splitlines() if line.startswith("kind: ")]


def test_the_api_server_accepts_every_object_strictly(kubernetes_alone: Kubernetes) -> None:
    """Helm sends what it renders as it is; strict validation also refuses fields that do not exist.

    The pod of `helm test` would only be accepted with its ServiceAccount, which a dry run does not make.
    """
    rendered = Chart(HELM).render(EVERYTHING, api_versions=(), namespace="default")
    known = [found for found in rendered if found["kind"] not in OF_OTHERS]

    kubernetes_alone.kubectl(
        *("apply", "--server-side", "--dry-run=server", "--validate=strict", "--filename=-"),
        input=yaml.safe_dump_all(known),
    )


def test_without_kserve_it_installs_and_says_what_is_missing(installed: Kubernetes) -> None:
    notes = installed.helm("get", "notes", RELEASE, "--namespace", NAMESPACE).stdout

    assert "KServe is not installed" in notes
    assert "ClusterServingRuntime" not in kinds_of_release(installed)


def test_where_no_operator_runs_the_check_of_the_installation_fails_and_leaves_nothing(installed: Kubernetes) -> None:
    """There is no node, so the operator's pods are never started."""
    ended = check_installation(installed)

    assert ended.returncode == 2
    assert "nobody has looked after the model default/installation-" in ended.stderr
    assert installed.objects("transformermodels", "default") == []


def test_where_there_is_no_crd_the_check_of_the_installation_says_so(kubernetes_alone: Kubernetes) -> None:
    ended = check_installation(kubernetes_alone)

    assert ended.returncode == 2
    assert "apply the CRD" in ended.stderr


def test_the_operator_may_do_its_work_and_nothing_else(installed: Kubernetes) -> None:
    assert may(installed, OPERATOR, "patch", "transformermodels.transformermodel.dev/status")
    # For finalizers, which have no subresource.
    assert may(installed, OPERATOR, "patch", "transformermodels.transformermodel.dev")
    assert may(installed, OPERATOR, "create", "jobs.batch")
    assert may(installed, OPERATOR, "create", "leases.coordination.k8s.io", NAMESPACE)
    for verb, resource in (
        ("get", "secrets"),
        ("list", "secrets"),
        ("create", "pods/exec"),
        ("get", "pods/proxy"),
        ("create", "pods"),
        ("update", "transformermodels.transformermodel.dev"),
        ("create", "transformermodels.transformermodel.dev"),
        ("delete", "transformermodels.transformermodel.dev"),
        ("patch", "deployments.apps"),
        ("bind", "clusterroles.rbac.authorization.k8s.io"),
        ("create", "leases.coordination.k8s.io"),
    ):
        assert not may(installed, OPERATOR, verb, resource), f"{verb} {resource}"


def test_users_with_the_clusters_roles_may_use_models(installed: Kubernetes) -> None:
    for role in ("view", "edit"):
        installed.kubectl("create", "clusterrolebinding", role, f"--clusterrole={role}", f"--user={role}")
        # The controller manager copies the rules into the cluster's role.
        installed.wait("clusterrole", role, None, until=lambda found: "transformermodel.dev" in json.dumps(found))

    assert may(installed, "view", "list", "transformermodels.transformermodel.dev")
    assert not may(installed, "view", "create", "transformermodels.transformermodel.dev")
    assert may(installed, "edit", "create", "transformermodels.transformermodel.dev")
    assert may(installed, "edit", "patch", "transformermodels.transformermodel.dev/scale")
    assert not may(installed, "edit", "patch", "transformermodels.transformermodel.dev/status")
    installed.kubectl("delete", "clusterrolebinding", "view", "edit")


def test_an_upgrade_changes_what_its_values_change(installed: Kubernetes) -> None:
    helm(installed, "upgrade", "--set", "replicas=2", "--set", "watchNamespaces={default}")

    deployment = installed.get("deployment", RELEASE, NAMESPACE)
    assert deployment is not None
    assert deployment["spec"]["replicas"] == 2
    assert may(installed, OPERATOR, "create", "jobs.batch", "default")
    assert not may(installed, OPERATOR, "create", "jobs.batch", "kube-system")


def test_uninstalling_keeps_the_models_and_a_new_installation_finds_them(installed: Kubernetes) -> None:
    installed.apply(MODEL)
    installed.helm("uninstall", RELEASE, "--namespace", NAMESPACE)

    assert installed.get("transformermodel", "sentiment", "default") is not None
    kinds = "deployment,serviceaccount,role,rolebinding,clusterrole,clusterrolebinding"
    selector = f"--selector=app.kubernetes.io/instance={RELEASE}"
    left = installed.kubectl("get", kinds, selector, f"--namespace={NAMESPACE}", "--output=name").stdout
    assert left == ""

    helm(installed, "install")
    assert installed.get("transformermodel", "sentiment", "default") is not None


def test_the_crd_goes_too_when_asked(installed: Kubernetes) -> None:
    helm(installed, "upgrade", "--set", "crds.keep=false")
    installed.helm("uninstall", RELEASE, "--namespace", NAMESPACE)

    installed.wait_deleted("crd", CRD)


def test_the_runtime_comes_with_kserve(installed: Kubernetes) -> None:
    crd = KSERVE_CRDS / "serving.kserve.io_clusterservingruntimes.yaml"
    installed.kubectl("apply", "--server-side", "--filename", crd)
    installed.wait("crd", "clusterservingruntimes.serving.kserve.io", None, until=served)

    helm(installed, "upgrade")

    runtime = installed.get("clusterservingruntime", "transformermodel")
    assert runtime is not None
    (container,) = runtime["spec"]["containers"]
    assert "--model-name={{.Name}}" in container["args"]
    assert "KServe is not installed" not in installed.helm("get", "notes", RELEASE, "--namespace", NAMESPACE).stdout
