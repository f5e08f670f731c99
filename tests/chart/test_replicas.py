"""Two or more replicas of the operator: where they are, and how many may be away."""

from typing import Any

import pytest

from tests.chart.chart import Chart, Manifest, of_kind, single


def constraints(manifests: list[Manifest]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = single(manifests, "Deployment")["spec"]["template"]["spec"].get(
        "topologySpreadConstraints", []
    )
    return found


def test_replicas_are_spread_over_nodes(chart: Chart) -> None:
    assert constraints(chart.render()) == []

    manifests = chart.render({"replicas": 2})
    (constraint,) = constraints(manifests)
    assert constraint["labelSelector"] == single(manifests, "Deployment")["spec"]["selector"]
    assert constraint["topologyKey"] == "kubernetes.io/hostname"


def test_they_can_be_spread_over_zones_too_or_not_at_all(chart: Chart) -> None:
    over_zones = {"maxSkew": 1, "topologyKey": "topology.kubernetes.io/zone", "whenUnsatisfiable": "DoNotSchedule"}
    manifests = chart.render({"replicas": 3, "topologySpreadConstraints": [over_zones]})

    selector = single(manifests, "Deployment")["spec"]["selector"]
    assert constraints(manifests) == [{**over_zones, "labelSelector": selector}]
    assert constraints(chart.render({"replicas": 3, "topologySpreadConstraints": []})) == []


@pytest.mark.parametrize("unavailable", [1, "50%"])
def test_draining_nodes_leaves_one_that_works(chart: Chart, unavailable: int | str) -> None:
    manifests = chart.render({"replicas": 2, "podDisruptionBudget": {"maxUnavailable": unavailable}})
    budget = single(manifests, "PodDisruptionBudget")

    assert budget["spec"]["selector"] == single(manifests, "Deployment")["spec"]["selector"]
    assert budget["spec"]["maxUnavailable"] == unavailable


@pytest.mark.parametrize("values", [{"replicas": 1}, {"replicas": 2, "podDisruptionBudget": {"enabled": False}}])
def test_a_budget_never_keeps_the_only_replica_on_its_node(chart: Chart, values: dict[str, Any]) -> None:
    assert of_kind(chart.render(values), "PodDisruptionBudget") == []


def test_an_update_takes_no_replica_away_before_another_is_there(chart: Chart) -> None:
    assert single(chart.render({"replicas": 2}), "Deployment")["spec"]["strategy"]["rollingUpdate"] == {
        "maxUnavailable": 0,
        "maxSurge": 1,
    }
