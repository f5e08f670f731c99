"""What rules and dashboard ask of the operator is what the real process tells a real Prometheus."""

import json
from collections.abc import Iterator

import pytest

from tests.monitoring.dashboards import OPERATOR
from tests.monitoring.exported import complaints, panel_complaints
from tests.monitoring.install import require_installed
from tests.monitoring.prometheus import Prometheus, Target, scraping
from tests.monitoring.rules_file import alerts
from tests.operator.faults.process import IDENTITY, operator_process
from tests.operator.faults.scenario import manifest
from tests.operator.faults.theatre import Theatre
from tests.ports import free_ports

NAMESPACE = "monitored"


@pytest.fixture(scope="module")
def prometheus(theatre: Theatre, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It reads an operator that leads and has one model, which waits for its claim."""
    require_installed()
    folder = tmp_path_factory.mktemp("monitored")
    theatre.server.kubectl("create", "namespace", NAMESPACE)
    theatre.server.kubectl("apply", f"--namespace={NAMESPACE}", "-f", "-", given=json.dumps(manifest("first")))
    metrics_port, probe_port = free_ports(2)
    labels = {"namespace": NAMESPACE, "pod": IDENTITY, "container": "operator"}
    target = Target(f"127.0.0.1:{metrics_port}", labels, honor_labels=True)
    with (
        operator_process(
            theatre.server, NAMESPACE, folder / "operator.log", metrics_port=metrics_port, probe_port=probe_port
        ),
        scraping([target], folder) as prometheus,
    ):
        prometheus.wait_until('transformermodel_models{reason="ClaimMissing"}')
        yield prometheus


def test_alerts_about_the_operator_and_models_ask_for_what_is_exported(prometheus: Prometheus) -> None:
    theirs = [alert for alert in alerts() if alert.group != "transformermodel-predictors"]

    assert {line for alert in theirs for line in complaints(prometheus, alert.expression)} == set()


def test_the_dashboard_of_the_operator_shows_something_everywhere(prometheus: Prometheus) -> None:
    assert panel_complaints(prometheus, OPERATOR, {"namespace": NAMESPACE, "__rate_interval": "5m"}) == []


def test_models_keep_their_own_namespace_and_none_of_the_rules_fails(prometheus: Prometheus) -> None:
    (model,) = prometheus.query("transformermodel_model_unready_since_seconds")

    assert (model["namespace"], model["model"], model["condition"]) == (NAMESPACE, "sentiment", "SourceResolved")
    prometheus.wait_until("min(count_over_time(up[5m])) > 6")
    assert {(rule["health"], rule.get("lastError") or "") for rule in prometheus.rules()} == {("ok", "")}
