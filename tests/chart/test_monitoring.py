"""What the chart makes for Prometheus and Grafana, where it is asked to."""

from typing import Any

import pytest

from tests.chart.chart import Chart, Manifest, of_kind, single

KINDS = ("PodMonitor", "PrometheusRule", "ConfigMap")
MONITORS = {"monitoring": {"podMonitors": {"create": True, "labels": {"release": "prometheus"}, "interval": "1m"}}}


def monitors(chart: Chart, values: dict[str, Any] | None = None) -> tuple[Manifest, Manifest]:
    """Those of the operator and of the predictors."""
    operator, predictors = of_kind(chart.render({**MONITORS, **(values or {})}), "PodMonitor")
    return operator, predictors


def endpoint(monitor: Manifest) -> dict[str, Any]:
    (endpoint,) = monitor["spec"]["podMetricsEndpoints"]
    return endpoint


def port_names(container: dict[str, Any]) -> set[str]:
    return {port["name"] for port in container["ports"]}


def test_nothing_is_made_unless_asked_for(chart: Chart) -> None:
    assert of_kind(chart.render(), *KINDS) == []


def test_the_operators_monitor_finds_its_pods(chart: Chart) -> None:
    monitor, _ = monitors(chart)
    pod = single(chart.render(), "Deployment")["spec"]["template"]

    assert monitor["spec"]["namespaceSelector"]["matchNames"] == ["system"]
    assert monitor["spec"]["selector"]["matchLabels"].items() <= pod["metadata"]["labels"].items()
    assert endpoint(monitor)["port"] in port_names(pod["spec"]["containers"][0])


def test_the_predictors_monitor_finds_what_kserve_makes_of_the_runtime(chart: Chart) -> None:
    """KServe hands a runtime's labels and ports on to the pods (tests/cluster shows it)."""
    _, monitor = monitors(chart)
    runtime = single(chart.render(), "ClusterServingRuntime")["spec"]

    assert monitor["spec"]["namespaceSelector"] == {"any": True}
    assert monitor["spec"]["selector"]["matchLabels"] == runtime["labels"]
    assert endpoint(monitor)["port"] in port_names(runtime["containers"][0])


def test_namespaces_of_models_stay_those_that_the_operator_tells_and_handlers_cannot_claim_another(
    chart: Chart,
) -> None:
    operator, predictors = monitors(chart)

    assert endpoint(operator)["honorLabels"] is True
    assert endpoint(predictors)["honorLabels"] is False


def test_where_the_operator_watches_namespaces_predictors_are_looked_for_there_alone(chart: Chart) -> None:
    _, monitor = monitors(chart, {"watchNamespaces": ["a", "b"]})

    assert monitor["spec"]["namespaceSelector"] == {"matchNames": ["a", "b"]}


def test_monitors_are_as_the_values_say(chart: Chart) -> None:
    for monitor in monitors(chart):
        assert monitor["metadata"]["namespace"] == "system"
        assert monitor["metadata"]["labels"]["release"] == "prometheus"
        assert endpoint(monitor)["interval"] == "1m"


@pytest.mark.parametrize("section", ["podMonitors"])
def test_they_can_be_made_where_prometheus_and_grafana_look(chart: Chart, section: str) -> None:
    made = of_kind(chart.render({"monitoring": {"namespace": "watch", section: {"create": True}}}), *KINDS)

    assert made
    assert {manifest["metadata"]["namespace"] for manifest in made} == {"watch"}
