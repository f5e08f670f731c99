"""The operator's Deployment."""

from typing import Any

import pytest

from tests.chart.chart import KSERVE, Chart, Manifest, single
from tests.chart.pod_security import restricted_violations, writable_roots

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def pod_of(manifests: list[Manifest]) -> dict[str, Any]:
    return single(manifests, "Deployment")["spec"]["template"]["spec"]


def settings_of(manifests: list[Manifest]) -> dict[str, str]:
    (container,) = pod_of(manifests)["containers"]
    return {variable["name"]: variable.get("value") for variable in container["env"]}


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"replicas": 2, "watchNamespaces": ["a", "b"]},
        {
            "imagePullSecrets": [{"name": "registry"}],
            "nodeSelector": {"kubernetes.io/arch": "amd64"},
            "tolerations": [{"key": "dedicated", "operator": "Exists", "effect": "NoSchedule"}],
            "affinity": {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": []}},
            "podAnnotations": {"example.com/team": "ml"},
            "resources": {"limits": {"memory": "1Gi"}},
        },
    ],
)
def test_the_pod_is_restricted_and_its_root_read_only(chart: Chart, values: dict[str, Any]) -> None:
    pod = pod_of(chart.render(values))

    assert restricted_violations(pod) == []
    assert writable_roots(pod) == []


def test_settings_become_environment_variables(chart: Chart) -> None:
    settings = settings_of(
        chart.render(
            {
                "watchNamespaces": ["a", "b"],
                "defaultStorageUri": "pvc://models/store",
                "hub": {"endpoint": "https://hub.example.com"},
                "servingRuntime": {"name": "ours"},
                "image": {"predictor": {"repository": "example.com/predictor", "tag": "1", "pullPolicy": "Never"}},
            }
        )
    )

    assert settings["TRANSFORMERMODEL_WATCH_NAMESPACES"] == "a,b"
    assert settings["TRANSFORMERMODEL_DEFAULT_STORAGE"] == "pvc://models/store"
    assert settings["TRANSFORMERMODEL_HUB_ENDPOINT"] == "https://hub.example.com"
    assert settings["TRANSFORMERMODEL_RUNTIME"] == "ours"
    assert settings["TRANSFORMERMODEL_PREDICTOR_IMAGE"] == "example.com/predictor:1"
    assert settings["TRANSFORMERMODEL_IMAGE_PULL_POLICY"] == "Never"


@pytest.mark.parametrize(
    ("image", "reference"),
    [
        ({}, "localhost/transformermodel-operator:0.1.0"),
        ({"repository": "example.com:5000/o"}, "example.com:5000/o:0.1.0"),
        ({"tag": "main"}, "localhost/transformermodel-operator:main"),
        ({"tag": "main", "digest": DIGEST}, f"localhost/transformermodel-operator@{DIGEST}"),
    ],
)
def test_a_digest_wins_over_a_tag_and_a_tag_over_the_charts_version(
    chart: Chart, image: dict[str, str], reference: str
) -> None:
    (container,) = pod_of(chart.render({"image": {"operator": image}}))["containers"]

    assert container["image"] == reference


def test_replicas_are_spread_over_nodes(chart: Chart) -> None:
    assert "topologySpreadConstraints" not in pod_of(chart.render())

    deployment = single(chart.render({"replicas": 2}), "Deployment")
    (constraint,) = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
    assert constraint["labelSelector"] == deployment["spec"]["selector"]


def test_a_new_chart_version_alone_does_not_restart_the_operator(chart: Chart) -> None:
    labels = single(chart.render(), "Deployment")["spec"]["template"]["metadata"]["labels"]

    assert not {"helm.sh/chart", "app.kubernetes.io/version"} & set(labels)


@pytest.mark.parametrize(
    ("release", "name"), [("models", "models-transformermodel"), ("transformermodel", "transformermodel")]
)
def test_objects_are_named_after_the_release(chart: Chart, release: str, name: str) -> None:
    assert single(chart.render(release=release), "Deployment")["metadata"]["name"] == name


@pytest.mark.parametrize("api_versions", [(), KSERVE])
@pytest.mark.parametrize("namespaces", [[], ["a", "b"]])
def test_no_object_is_rendered_twice(chart: Chart, namespaces: list[str], api_versions: tuple[str, ...]) -> None:
    manifests = chart.render({"watchNamespaces": namespaces, "replicas": 2}, api_versions=api_versions)

    identities = [(m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in manifests]
    assert len(set(identities)) == len(identities)
