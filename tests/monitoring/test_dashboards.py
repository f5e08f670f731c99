"""Dashboards are what Grafana can show: nothing overlaps, and whatever is chosen holds everywhere."""

import re
from itertools import combinations
from typing import Any

import pytest

from tests.monitoring.dashboards import DASHBOARDS
from tests.monitoring.dashboards.grafana import Dashboard

BUILT_IN = {"__rate_interval", "datasource"}
SOURCE = {"type": "prometheus", "uid": "${datasource}"}

every = pytest.mark.parametrize("dashboard", DASHBOARDS, ids=lambda dashboard: dashboard.uid)


def overlap(one: dict[str, int], other: dict[str, int]) -> bool:
    return (
        one["x"] < other["x"] + other["w"]
        and other["x"] < one["x"] + one["w"]
        and one["y"] < other["y"] + other["h"]
        and other["y"] < one["y"] + one["h"]
    )


@every
def test_panels_have_their_place(dashboard: Dashboard) -> None:
    panels: list[dict[str, Any]] = dashboard.document()["panels"]

    assert len({panel["id"] for panel in panels}) == len(panels)
    assert all(panel["gridPos"]["x"] + panel["gridPos"]["w"] <= 24 for panel in panels)
    for one, other in combinations(panels, 2):
        assert not overlap(one["gridPos"], other["gridPos"]), (one["title"], other["title"])


@every
def test_all_is_read_from_the_data_source_that_is_chosen(dashboard: Dashboard) -> None:
    document = dashboard.document()
    shown = [panel for panel in document["panels"] if panel["type"] != "row"]

    assert document["templating"]["list"][0]["type"] == "datasource"
    assert all(variable["datasource"] == SOURCE for variable in document["templating"]["list"][1:])
    assert all(panel["datasource"] == SOURCE for panel in shown)
    assert all(target["datasource"] == SOURCE for panel in shown for target in panel["targets"])


@every
def test_what_is_chosen_is_declared_and_used(dashboard: Dashboard) -> None:
    declared = {variable.name for variable in dashboard.variables}
    used = {name for query in dashboard.queries for name in re.findall(r"\$(\w+)", query.expression)}

    assert used - BUILT_IN == declared


def test_each_has_an_address_of_its_own_that_grafana_takes() -> None:
    assert len({dashboard.uid for dashboard in DASHBOARDS}) == len(DASHBOARDS)
    assert all(len(dashboard.uid) <= 40 for dashboard in DASHBOARDS)
