"""The chart for one namespace, beside KServe, under PodSecurity "restricted"."""

from collections.abc import Iterator

import pytest

from tests.cluster.kubernetes import Kubernetes
from tests.cluster.node.run import REPOSITORY

CRD = "transformermodels.transformermodel.dev"
RELEASE = "one"
OPERATOR = f"{RELEASE}-transformermodel"


@pytest.fixture
def resource(kubernetes: Kubernetes) -> Iterator[None]:
    """The CRD, applied by somebody with the rights; left alone when it is there already."""
    if kubernetes.get("crd", CRD) is not None:
        yield
        return
    kubernetes.kubectl("apply", "--filename", REPOSITORY / "crds")
    yield
    kubernetes.kubectl("delete", "crd", CRD)


@pytest.fixture
def installed(kubernetes: Kubernetes, namespace: str, resource: None) -> Iterator[Kubernetes]:
    images = {"operator": kubernetes.operator_image, "predictor": kubernetes.predictor_image}
    values = [f"watchNamespaces={{{namespace}}}", "crds.install=false", "userRoles.create=false"]
    for name, image in images.items():
        repository, _, tag = image.rpartition(":")
        values += [f"image.{name}.repository={repository}", f"image.{name}.tag={tag}"]
    chart = REPOSITORY / "charts" / "transformermodel"
    kubernetes.helm("install", RELEASE, chart, "--namespace", namespace, *(f"--set={value}" for value in values))
    yield kubernetes
    kubernetes.helm("uninstall", RELEASE, "--namespace", namespace, "--ignore-not-found", "--wait")


def test_the_operator_runs_with_rights_in_its_namespace_alone(installed: Kubernetes, namespace: str) -> None:
    installed.wait("deployment", OPERATOR, namespace, until="Available")

    bindings = installed.kubectl("get", "clusterrolebindings", "--output=wide").stdout
    assert OPERATOR not in bindings


def test_kserve_admits_the_runtime(installed: Kubernetes, namespace: str) -> None:
    runtime = installed.get("servingruntime", "transformermodel", namespace)

    assert runtime is not None
    assert runtime["spec"]["supportedModelFormats"][0]["name"] == "transformermodel"


def test_uninstalling_leaves_nothing_in_the_namespace(installed: Kubernetes, namespace: str) -> None:
    installed.helm("uninstall", RELEASE, "--namespace", namespace, "--wait")

    kinds = "deployments,serviceaccounts,roles,rolebindings,servingruntimes"
    left = installed.kubectl("get", kinds, f"--namespace={namespace}", "--output=name").stdout.split()
    assert left == ["serviceaccount/default"]
