"""What the chart makes for Prometheus and Grafana, where it is asked to."""

import json
from typing import Any

import pytest
import yaml

from tests.chart.chart import CHART, Chart, Manifest, of_kind, single

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


def alerts(chart: Chart, values: dict[str, Any] | None = None) -> dict[str, dict[str, Any]]:
    """The alerts by their names."""
    manifest = single(chart.render({"monitoring": {"rules": {"create": True, **(values or {})}}}), "PrometheusRule")
    return {rule["alert"]: rule for group in manifest["spec"]["groups"] for rule in group["rules"]}


def test_the_rules_are_those_of_the_file(chart: Chart) -> None:
    groups = yaml.safe_load((CHART / "files" / "rules" / "transformermodel.yaml").read_text())["groups"]

    assert alerts(chart) == {rule["alert"]: rule for group in groups for rule in group["rules"]}


def test_alerts_carry_labels_for_their_way_and_links_to_their_pages(chart: Chart) -> None:
    values = {"runbooks": "https://git.example.com/docs/runbooks/", "alertLabels": {"team": "ml", "severity": "none"}}
    for name, rule in alerts(chart, values).items():
        assert rule["labels"]["team"] == "ml"
        assert rule["labels"]["severity"] in ("critical", "warning")
        assert rule["annotations"]["runbook_url"] == f"https://git.example.com/docs/runbooks/{name}.md"


def test_alerts_that_nobody_wants_are_left_out(chart: Chart) -> None:
    assert alerts(chart).keys() - alerts(chart, {"disabled": ["TransformerModelSlow"]}).keys() == {
        "TransformerModelSlow"
    }


def test_grafanas_sidecar_finds_the_dashboards(chart: Chart) -> None:
    values = {"create": True, "annotations": {"grafana_folder": "Models"}}
    made = single(chart.render({"monitoring": {"dashboards": values}}), "ConfigMap")

    assert made["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert made["metadata"]["annotations"] == {"grafana_folder": "Models"}
    assert {name: json.loads(text) for name, text in made["data"].items()} == {
        path.name: json.loads(path.read_text()) for path in (CHART / "files" / "dashboards").glob("*.json")
    }


@pytest.mark.parametrize("section", ["podMonitors", "rules", "dashboards"])
def test_they_can_be_made_where_prometheus_and_grafana_look(chart: Chart, section: str) -> None:
    made = of_kind(chart.render({"monitoring": {"namespace": "watch", section: {"create": True}}}), *KINDS)

    assert made
    assert {manifest["metadata"]["namespace"] for manifest in made} == {"watch"}
