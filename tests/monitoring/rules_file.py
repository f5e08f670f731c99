"""The rules of the chart, as Prometheus reads them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.chart.chart import CHART

RULES = CHART / "files" / "rules" / "transformermodel.yaml"
RULE_TESTS = sorted((Path(__file__).parent / "rules").glob("*.yaml"))


@dataclass(frozen=True)
class Alert:
    """One of them.

    Attributes:
        group: of which group it is.
        name: what it is called.
        expression: its PromQL.
        severity: how urgent it is.
        annotations: what people are told.
    """

    group: str
    name: str
    expression: str
    severity: str
    annotations: dict[str, str]


def alerts() -> list[Alert]:
    """All alerts."""
    groups: list[dict[str, Any]] = yaml.safe_load(RULES.read_text())["groups"]
    return [
        Alert(group["name"], rule["alert"], rule["expr"], rule["labels"]["severity"], rule["annotations"])
        for group in groups
        for rule in group["rules"]
    ]
