"""The manifests for those who install without Helm."""

from pathlib import Path

import pytest
import yaml

from tests.chart.chart import ROOT, Chart, Manifest, of_kind, single
from tests.chart.install_manifests import INSTALLATIONS, ONE_NAMESPACE, WHOLE_CLUSTER, Installation, generated_files
from tests.chart.pod_security import restricted_violations
from transformermodel_api.generate import outdated

REGISTRY = "registry.example.com/ml/"


def text_of(installation: Installation) -> str:
    return (ROOT / "deploy" / installation.file).read_text()


def read(text: str) -> list[Manifest]:
    return [document for document in yaml.safe_load_all(text) if document]


def test_they_are_what_the_chart_renders(chart: Chart) -> None:
    assert outdated(generated_files(ROOT)) == [], "run `make generate`"


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=lambda each: each.file)
def test_nothing_of_them_is_helms(installation: Installation) -> None:
    for document in read(text_of(installation)):
        metadata = document["metadata"]
        assert not [key for key in (*metadata.get("labels", {}), *metadata.get("annotations", {})) if "helm" in key]
        assert metadata.get("labels", {}).get("app.kubernetes.io/managed-by") is None


@pytest.mark.parametrize("installation", INSTALLATIONS, ids=lambda each: each.file)
def test_one_replacement_names_every_image(installation: Installation) -> None:
    manifests = read(text_of(installation).replace("localhost/", REGISTRY))
    (operator,) = single(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    (runtime,) = of_kind(manifests, "ClusterServingRuntime", "ServingRuntime")
    settings = {variable["name"]: variable.get("value") for variable in operator["env"]}

    assert operator["image"] == f"{REGISTRY}transformermodel-operator:0.1.0"
    assert settings["TRANSFORMERMODEL_PREDICTOR_IMAGE"] == runtime["spec"]["containers"][0]["image"]
    assert runtime["spec"]["containers"][0]["image"] == f"{REGISTRY}transformermodel-predictor:0.1.0"


def test_the_operators_namespace_admits_restricted_pods_alone_and_the_operators_are() -> None:
    manifests = read(text_of(WHOLE_CLUSTER))
    namespace = single(manifests, "Namespace")["metadata"]

    assert manifests[0]["kind"] == "Namespace"
    assert namespace["labels"]["pod-security.kubernetes.io/enforce"] == "restricted"
    deployment = single(manifests, "Deployment")
    assert deployment["metadata"]["namespace"] == namespace["name"]
    assert restricted_violations(deployment["spec"]["template"]["spec"]) == []


def test_whose_namespace_it_is_can_install_without_any_right_elsewhere() -> None:
    manifests = read(text_of(ONE_NAMESPACE).replace("my-models", "team-a"))

    assert {manifest["metadata"]["namespace"] for manifest in manifests} == {"team-a"}
    (operator,) = single(manifests, "Deployment")["spec"]["template"]["spec"]["containers"]
    assert {"name": "TRANSFORMERMODEL_WATCH_NAMESPACES", "value": "team-a"} in operator["env"]
    subjects = [subject for binding in of_kind(manifests, "RoleBinding") for subject in binding["subjects"]]
    assert {subject["namespace"] for subject in subjects} == {"team-a"}


@pytest.mark.parametrize("page", ["README.md", "docs/cluster.md"])
def test_the_documentation_leads_to_them(page: str) -> None:
    assert WHOLE_CLUSTER.file in Path(ROOT, page).read_text()
