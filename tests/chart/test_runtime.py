"""KServe's serving runtime in the chart."""

from typing import Any

import pytest

from tests.chart.chart import KSERVE, Chart, Manifest, of_kind, single
from tests.chart.pod_security import restricted_violations, writable_roots

CLUSTER_WIDE, NAMESPACED = "ClusterServingRuntime", "ServingRuntime"


def runtimes(manifests: list[Manifest]) -> list[tuple[str, str | None]]:
    return [(m["kind"], m["metadata"].get("namespace")) for m in of_kind(manifests, CLUSTER_WIDE, NAMESPACED)]


def predictor(chart: Chart, values: dict[str, Any] | None = None) -> dict[str, Any]:
    (container,) = single(chart.render(values), CLUSTER_WIDE)["spec"]["containers"]
    return container


@pytest.mark.parametrize(
    ("install", "api_versions", "expected"),
    [
        ("auto", KSERVE, [(CLUSTER_WIDE, None)]),
        ("auto", (), []),
        ("always", (), [(CLUSTER_WIDE, None)]),
        ("never", KSERVE, []),
    ],
)
def test_when_it_is_installed(
    chart: Chart, install: str, api_versions: tuple[str, ...], expected: list[tuple[str, str | None]]
) -> None:
    manifests = chart.render({"servingRuntime": {"install": install}}, api_versions=api_versions)

    assert runtimes(manifests) == expected


def test_each_watched_namespace_has_its_own(chart: Chart) -> None:
    manifests = chart.render({"watchNamespaces": ["a", "b"]})

    assert runtimes(manifests) == [(NAMESPACED, "a"), (NAMESPACED, "b")]
    assert [m["spec"] for m in of_kind(manifests, NAMESPACED)] == [single(chart.render(), CLUSTER_WIDE)["spec"]] * 2


def test_kserves_own_templates_survive_helm(chart: Chart) -> None:
    container = predictor(chart)

    assert "--model-name={{.Name}}" in container["args"]


def test_it_is_ready_when_all_its_models_are_whatever_their_names(chart: Chart) -> None:
    """The archives of a TorchServe store are not called like the InferenceService."""
    assert predictor(chart)["readinessProbe"]["httpGet"]["path"] == "/v2/health/ready"


def test_it_serves_what_torchserves_runtime_served(chart: Chart) -> None:
    """Who asks for pytorch alone still gets KServe's own runtime; who names ours gets it for both."""
    formats = single(chart.render(), CLUSTER_WIDE)["spec"]["supportedModelFormats"]

    assert {entry["name"]: entry["autoSelect"] for entry in formats} == {
        "transformermodel": True,
        "torchserve": True,
        "pytorch": False,
    }


def test_it_speaks_what_it_promises_where_kserve_looks_for_it(chart: Chart) -> None:
    """KServe makes the first port 80 of the Service, and takes one named h2c for gRPC."""
    spec = single(chart.render(), CLUSTER_WIDE)["spec"]
    (container,) = spec["containers"]

    assert spec["protocolVersions"] == ["v1", "v2", "grpc-v2"]
    assert [(port["name"], port["containerPort"]) for port in container["ports"]] == [
        ("http1", 8080),
        ("h2c", 8081),
        ("metrics", 8082),
    ]
    assert {"--http-port=8080", "--grpc-port=8081", "--metrics-port=8082"} <= set(container["args"])


def test_it_leaves_the_environments_sources_to_the_model(chart: Chart) -> None:
    """KServe replaces a runtime's `envFrom` by the model's, with which the predictor opens object storage."""
    assert "envFrom" not in predictor(chart)


def test_its_pod_is_restricted_even_without_a_pods_security_context(chart: Chart) -> None:
    """KServe's runtimes cannot carry a pod-level security context, so the container's has to suffice."""
    spec = single(chart.render(), CLUSTER_WIDE)["spec"]

    assert restricted_violations(spec) == []
    assert writable_roots(spec) == []


def test_temporary_files_go_to_a_volume(chart: Chart) -> None:
    container = predictor(chart)
    environment = {variable["name"]: variable["value"] for variable in container["env"]}

    assert {mount["mountPath"] for mount in container["volumeMounts"]} == {environment["TMPDIR"]}
    assert environment["HOME"] == environment["TMPDIR"]


def test_no_variable_is_one_that_kserve_refuses(chart: Chart) -> None:
    assert not {variable["name"] for variable in predictor(chart)["env"]} & {"PYTHONPATH", "PROTOCOL"}


def test_it_runs_the_image_that_prepares(chart: Chart) -> None:
    values = {"image": {"predictor": {"repository": "example.com/predictor", "tag": "2", "pullPolicy": "Always"}}}
    (operator,) = single(chart.render(values), "Deployment")["spec"]["template"]["spec"]["containers"]
    settings = {variable["name"]: variable.get("value") for variable in operator["env"]}

    assert (
        predictor(chart, values)["image"] == settings["TRANSFORMERMODEL_PREDICTOR_IMAGE"] == "example.com/predictor:2"
    )
    assert predictor(chart, values)["imagePullPolicy"] == settings["TRANSFORMERMODEL_IMAGE_PULL_POLICY"] == "Always"
    assert single(chart.render(), CLUSTER_WIDE)["metadata"]["name"] == settings["TRANSFORMERMODEL_RUNTIME"]


def test_what_a_predictor_says_last_is_kept_where_the_operator_reads_it(chart: Chart) -> None:
    assert predictor(chart)["terminationMessagePolicy"] == "FallbackToLogsOnError"


def test_draining_ends_before_the_kubelet_kills(chart: Chart) -> None:
    assert "--drain-seconds=7" in predictor(chart, {"servingRuntime": {"drainSeconds": 7}})["args"]
