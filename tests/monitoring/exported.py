"""Whether what an expression asks for is really exported: each metric, and each label of it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.monitoring.dashboards.grafana import Dashboard
from tests.monitoring.prometheus import Prometheus

RARE = {
    "code": {"429"},
    "status": {"503"},
    "reason": {"RolledBack"},
    "condition": {"PredictorReady"},
    "task": {"TextGeneration"},
}
"""Values that are told in trouble alone, or of other models than a test's."""

_NAME = "__name__"
_LEGEND = re.compile(r"{{(\w+)}}")
_LABEL_VALUES = re.compile(r"label_values\((.+), (\w+)\)")
_VARIABLE = re.compile(r"\$(\w+)")


@dataclass(frozen=True)
class Selector:
    """A metric as an expression names it."""

    metric: str
    matchers: tuple[dict[str, str], ...]


def complaints(prometheus: Prometheus, expression: str) -> list[str]:
    """What an expression asks for that nobody exports; it has been evaluated, too."""
    tree = prometheus.parse(expression)
    prometheus.query(expression)
    found = [text for selector in _selectors(tree) for text in _missing(prometheus, selector)]
    return [*found, *_unknown_groupings(prometheus, tree)]


def panel_complaints(prometheus: Prometheus, dashboard: Dashboard, values: Mapping[str, str]) -> list[str]:
    """The same of a dashboard's queries, which have to find something, with all labels of its legends."""
    found = [
        f"nothing to choose from: {variable.query}"
        for variable in dashboard.variables
        if not _choices(prometheus, _VARIABLE.sub(lambda name: values[name[1]], variable.query))
    ]
    for query in dashboard.queries:
        expression = _VARIABLE.sub(lambda name: values[name[1]], query.expression)
        found += complaints(prometheus, expression)
        series = prometheus.query(expression)
        if not series:
            found.append(f"nothing is found: {expression}")
        found += [
            f"{label} is in the legend and not in {one}: {expression}"
            for one in series
            for label in _LEGEND.findall(query.legend)
            if label not in one
        ]
    return found


def _choices(prometheus: Prometheus, query: str) -> set[str]:
    """What Grafana's label_values(expression, label) finds."""
    (choice,) = _LABEL_VALUES.findall(query)
    return {series.get(choice[1], "") for series in prometheus.query(choice[0])} - {""}


def _nodes(tree: Any) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


def _selectors(tree: dict[str, Any]) -> list[Selector]:
    nodes = (node for node in _nodes(tree) if node.get("type") in ("vectorSelector", "matrixSelector"))
    return [
        Selector(node["name"], tuple(matcher for matcher in node["matchers"] if matcher["name"] != _NAME))
        for node in nodes
    ]


def _missing(prometheus: Prometheus, selector: Selector) -> Iterator[str]:
    series = _series(prometheus, selector.metric)
    if not series:
        yield f"{selector.metric} is not exported"
    for matcher in selector.matchers:
        name, value = matcher["name"], matcher["value"]
        told = {one[name] for one in series if name in one}
        if series and not told:
            yield f"{selector.metric} has no label {name}"
        elif matcher["type"] == "=" and value not in told | RARE.get(name, set()):
            yield f"{selector.metric} has no {name} of the value {value}, but {sorted(told)}"


def _unknown_groupings(prometheus: Prometheus, tree: dict[str, Any]) -> Iterator[str]:
    for node in _nodes(tree):
        labels = node.get("grouping") or (node.get("matching") or {}).get("labels") or ()
        metrics = {selector.metric for selector in _selectors(node)}
        known = {label for metric in metrics for one in _series(prometheus, metric) for label in one}
        yield from (f"none of {sorted(metrics)} has the label {label}" for label in labels if label not in known)


def _series(prometheus: Prometheus, metric: str) -> list[dict[str, str]]:
    return prometheus.query(f"last_over_time({metric}[5m])")
