"""The operator's Deployment."""

from typing import Any

import pytest

from tests.chart.chart import KSERVE, Chart, Manifest, single
from tests.chart.pod_security import restricted_violations, writable_roots
from transformermodel_operator.settings import Settings

DIGEST = f"sha256:{'0123456789abcdef' * 4}"


def pod_of(manifests: list[Manifest]) -> dict[str, Any]:
    return single(manifests, "Deployment")["spec"]["template"]["spec"]


def settings_of(manifests: list[Manifest]) -> Settings:
    """The settings as the operator reads them; a reference to one of the pod's own fields stands for its value."""
    (container,) = pod_of(manifests)["containers"]
    return Settings.from_environment(
        {
            variable["name"]: variable.get("value")
            or variable.get("valueFrom", {}).get("fieldRef", {}).get("fieldPath", "")
            for variable in container["env"]
        }
    )


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
            "volumes": [{"name": "authorities", "configMap": {"name": "authorities"}}],
            "volumeMounts": [{"name": "authorities", "mountPath": "/etc/authorities", "readOnly": True}],
        },
    ],
)
def test_the_pod_is_restricted_and_its_root_read_only(chart: Chart, values: dict[str, Any]) -> None:
    pod = pod_of(chart.render(values))

    assert restricted_violations(pod) == []
    assert writable_roots(pod) == []


def test_the_deployment_is_found_by_the_label_of_its_pods(chart: Chart) -> None:
    """As runbooks look for both; labels of one's own do not change it."""
    common = {"app.kubernetes.io/component": "other", "team": "ml"}
    deployment = single(chart.render({"commonLabels": common}), "Deployment")
    labels = deployment["metadata"]["labels"]

    assert labels.items() >= deployment["spec"]["selector"]["matchLabels"].items()
    assert labels["team"] == "ml"


def test_the_operator_reads_the_values(chart: Chart) -> None:
    settings = settings_of(
        chart.render(
            {
                "watchNamespaces": ["a", "b"],
                "defaultStorageUri": "s3://bucket/models",
                "defaultStorageSecretName": "bucket-key",
                "clusterName": "west",
                "hub": {"endpoint": "https://hub.example.com"},
                "servingRuntime": {"name": "ours"},
                "image": {"predictor": {"repository": "example.com/predictor", "tag": "1", "pullPolicy": "Never"}},
            }
        )
    )

    assert settings == Settings(
        operator_namespace="metadata.namespace",
        identity="metadata.name",
        predictor_image="example.com/predictor:1",
        watch_namespaces=("a", "b"),
        image_pull_policy="Never",
        runtime="ours",
        default_storage="s3://bucket/models",
        default_storage_secret="bucket-key",
        cluster="west",
        hub_endpoint="https://hub.example.com",
    )


def test_without_values_the_operators_own_defaults_hold(chart: Chart) -> None:
    settings = settings_of(chart.render())

    assert settings == Settings("metadata.namespace", "metadata.name", "localhost/transformermodel-predictor:0.1.0")


def test_the_probes_ask_where_the_operator_answers(chart: Chart) -> None:
    manifests = chart.render()
    (container,) = pod_of(manifests)["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}

    for probe in ("startupProbe", "livenessProbe"):
        assert ports[container[probe]["httpGet"]["port"]] == settings_of(manifests).probe_port


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


def test_a_new_chart_version_alone_does_not_restart_the_operator(chart: Chart) -> None:
    labels = single(chart.render(), "Deployment")["spec"]["template"]["metadata"]["labels"]

    assert not {"helm.sh/chart", "app.kubernetes.io/version"} & set(labels)


@pytest.mark.parametrize(
    ("release", "name"), [("models", "models-transformermodel"), ("transformermodel", "transformermodel")]
)
def test_objects_are_named_after_the_release(chart: Chart, release: str, name: str) -> None:
    assert single(chart.render(release=release), "Deployment")["metadata"]["name"] == name


@pytest.mark.parametrize("namespaces", [[], ["off", "123"]])
def test_names_that_yaml_could_take_for_something_else_stay_text(chart: Chart, namespaces: list[str]) -> None:
    values = {"watchNamespaces": namespaces, "servingRuntime": {"name": "yes"}}
    manifests = chart.render(values, release="on", namespace="0x10")

    for manifest in manifests:
        named = {"name": manifest["metadata"]["name"], **manifest["metadata"].get("labels", {})}
        assert {type(value) for value in named.values()} == {str}
    placed = {manifest["metadata"].get("namespace") for manifest in manifests}
    assert placed == {None, "0x10", *namespaces}


@pytest.mark.parametrize("api_versions", [(), KSERVE])
@pytest.mark.parametrize("namespaces", [[], ["a", "b"]])
def test_no_object_is_rendered_twice(chart: Chart, namespaces: list[str], api_versions: tuple[str, ...]) -> None:
    values = {"watchNamespaces": namespaces, "replicas": 2, "networkPolicies": {"enabled": True}}
    manifests = chart.render(values, api_versions=api_versions, tests=True)

    identities = [(m["kind"], m["metadata"].get("namespace"), m["metadata"]["name"]) for m in manifests]
    assert len(set(identities)) == len(identities)
