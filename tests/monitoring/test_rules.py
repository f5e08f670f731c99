"""Alerts fire when they must and not when they must not, say where, and each has its page."""

import re
import subprocess
from typing import Any

import pytest
import yaml

from tests.chart.chart import ROOT
from tests.monitoring.install import PROMTOOL
from tests.monitoring.rules_file import RULE_TESTS, RULES, Alert, alerts

RUNBOOKS = ROOT / "docs" / "runbooks"
OPERATIONS = ROOT / "docs" / "operations.md"
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Mitigation"]
LABEL = re.compile(r"\$labels\.(\w+)")
MEMBER = re.compile(r'(\w+)="([^"]*)"')


def promtool(*arguments: object) -> str:
    done = subprocess.run([PROMTOOL, *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def firing() -> dict[str, list[dict[str, str]]]:
    """The labels with which each alert fires in the tests of rules."""
    found: dict[str, list[dict[str, str]]] = {}
    for test in (test for file in RULE_TESTS for test in yaml.safe_load(file.read_text())["tests"]):
        for sample in (sample for query in test["promql_expr_test"] for sample in query["exp_samples"]):
            labels = dict(MEMBER.findall(sample["labels"]))
            assert labels["alertname"] == test["name"], "a test is called as what fires in it"
            found.setdefault(labels["alertname"], []).append(labels)
    return found


def silent() -> set[str]:
    """Tests in which nothing fires at first."""
    return {
        test["name"]
        for file in RULE_TESTS
        for test in yaml.safe_load(file.read_text())["tests"]
        if test["promql_expr_test"][0]["exp_samples"] == []
    }


def test_prometheus_finds_nothing_to_complain_about() -> None:
    assert f"{len(alerts())} rules found" in promtool("check", "rules", "--lint=all", "--lint-fatal", RULES)


def test_alerts_fire_when_they_must_and_not_when_they_must_not() -> None:
    promtool("test", "rules", *RULE_TESTS)


def test_each_alert_is_tested_both_ways() -> None:
    names = {alert.name for alert in alerts()}

    assert set(firing()) == names
    assert silent() >= names


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_what_people_are_told_names_labels_that_the_alert_has(alert: Alert) -> None:
    assert set(alert.annotations) == {"summary", "description", "runbook_url"}
    assert alert.severity in ("critical", "warning")
    named = {label for text in alert.annotations.values() for label in LABEL.findall(text)}
    for labels in firing()[alert.name]:
        assert named <= labels.keys()


@pytest.mark.parametrize("alert", alerts(), ids=lambda alert: alert.name)
def test_each_alert_has_a_page_that_says_what_to_do(alert: Alert) -> None:
    page = ROOT / alert.annotations["runbook_url"]
    text = page.read_text()

    assert page == RUNBOOKS / f"{alert.name}.md"
    assert text.startswith(f"# {alert.name}\n")
    assert re.findall(r"^## (.*)", text, re.MULTILINE) == SECTIONS
    for link in re.findall(r"\]\(([^)#]+)", text):
        assert (page.parent / link).exists(), f"{link} is not there"


def test_each_page_has_an_alert() -> None:
    assert {page.stem for page in RUNBOOKS.glob("*.md")} == {alert.name for alert in alerts()}


def test_the_alerts_are_listed_where_the_operator_is_described() -> None:
    listed = re.findall(r"^\| \[(\w+)\]\(runbooks/\w+\.md\) \| (\w+) \|", OPERATIONS.read_text(), re.MULTILINE)

    assert listed == [(alert.name, alert.severity) for alert in alerts()]


def reasons_named(text: str) -> set[str]:
    """The reasons of conditions for which an expression looks."""
    return {name for names in re.findall(r'reason!?=~?"([^"]*)"', text) for name in names.split("|")}


def test_reasons_that_alerts_look_for_are_told_by_the_operator() -> None:
    known: set[Any] = set(re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "reasons.md").read_text(), re.MULTILINE))

    assert set().union(*(reasons_named(alert.expression) for alert in alerts())) <= known | {"Unknown"}
