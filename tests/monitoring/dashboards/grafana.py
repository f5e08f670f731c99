"""Grafana's dashboards as data, and the JSON that Grafana reads."""

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

_WIDTH, _HEIGHT, _IN_LINE = 24, 8, 3
_SCHEMA = 39
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


@dataclass(frozen=True)
class Query:
    """A line, or several.

    Attributes:
        expression: PromQL, with Grafana's variables.
        legend: what a line is called, with labels in double braces.
    """

    expression: str
    legend: str


@dataclass(frozen=True)
class Panel:
    """A graph, or a table of what is now.

    Attributes:
        title: what it shows.
        unit: Grafana's name of the unit.
        queries: its lines.
        description: what to make of it.
        stacked: whether lines add up.
        table: whether it is a table.
    """

    title: str
    unit: str
    queries: Sequence[Query]
    description: str = ""
    stacked: bool = False
    table: bool = False


def graph(title: str, unit: str, *queries: Query, description: str = "", stacked: bool = False) -> Panel:
    """Lines over time."""
    return Panel(title, unit, queries, description, stacked)


def table(title: str, unit: str, expression: str) -> Panel:
    """What is now."""
    return Panel(title, unit, [Query(expression, "")], table=True)


@dataclass(frozen=True)
class Row:
    """Panels side by side."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True)
class Variable:
    """What the reader chooses.

    Attributes:
        name: as in expressions, without the dollar.
        label: as readers see it.
        query: where Grafana finds its values.
        several: whether more than one may be chosen, or all.
    """

    name: str
    label: str
    query: str
    several: bool = False


@dataclass(frozen=True)
class Dashboard:
    """A page.

    Attributes:
        uid: its address; the same for ever.
        title: its name.
        variables: what the reader chooses beside the data source.
        rows: what is on it.
    """

    uid: str
    title: str
    variables: Sequence[Variable]
    rows: Sequence[Row]

    @property
    def queries(self) -> Iterator[Query]:
        """All queries."""
        return (query for row in self.rows for panel in row.panels for query in panel.queries)

    def document(self) -> dict[str, Any]:
        """As Grafana reads it."""
        return {
            "uid": self.uid,
            "title": self.title,
            "tags": ["transformermodel"],
            "schemaVersion": _SCHEMA,
            "editable": True,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": "now-3h", "to": "now"},
            "links": [
                {"title": "TransformerModel", "type": "dashboards", "tags": ["transformermodel"], "keepTime": True}
            ],
            "templating": {"list": [_data_source(), *(_variable(variable) for variable in self.variables)]},
            "panels": list(_placed(self.rows)),
        }


def _data_source() -> dict[str, Any]:
    return {"name": "datasource", "label": "Data source", "type": "datasource", "query": "prometheus"}


def _variable(variable: Variable) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": variable.label,
        "type": "query",
        "datasource": _SOURCE,
        "definition": variable.query,
        "query": {"query": variable.query, "refId": variable.name},
        "refresh": 2,
        "sort": 1,
        "multi": variable.several,
        "includeAll": variable.several,
        **({"allValue": ".+", "current": {"text": "All", "value": "$__all"}} if variable.several else {}),
    }


def _placed(rows: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Rows below each other; each line of a row is as wide as the page."""
    numbers, top = itertools.count(1), 0
    for row in rows:
        place = {"h": 1, "w": _WIDTH, "x": 0, "y": top}
        yield {
            "id": next(numbers),
            "type": "row",
            "title": row.title,
            "collapsed": False,
            "gridPos": place,
            "panels": [],
        }
        top += 1
        for line in _lines(row.panels):
            width = _WIDTH // len(line)
            for index, panel in enumerate(line):
                place = {"h": _HEIGHT, "w": width, "x": index * width, "y": top}
                yield _panel(panel, next(numbers), place)
            top += _HEIGHT


def _lines(panels: Sequence[Panel]) -> Iterator[Sequence[Panel]]:
    return (panels[first : first + _IN_LINE] for first in range(0, len(panels), _IN_LINE))


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    targets = [_target(panel, query, chr(ord("A") + index)) for index, query in enumerate(panel.queries)]
    common = {
        "id": number,
        "title": panel.title,
        **({"description": panel.description} if panel.description else {}),
        "datasource": _SOURCE,
        "gridPos": place,
        "targets": targets,
    }
    if panel.table:
        hidden = {"id": "organize", "options": {"excludeByName": {"Time": True}, "renameByName": {"Value": "for"}}}
        defaults = {"unit": panel.unit}
        return {
            **common,
            "type": "table",
            "fieldConfig": {"defaults": defaults, "overrides": []},
            "transformations": [hidden],
        }
    drawn = {"fillOpacity": 10, "showPoints": "never", **({"stacking": {"mode": "normal"}} if panel.stacked else {})}
    return {
        **common,
        "type": "timeseries",
        "fieldConfig": {"defaults": {"unit": panel.unit, "min": 0, "custom": drawn}, "overrides": []},
        "options": {
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
    }


def _target(panel: Panel, query: Query, letter: str) -> dict[str, Any]:
    now = {"instant": True, "format": "table"} if panel.table else {"range": True}
    return {
        "refId": letter,
        "datasource": _SOURCE,
        "expr": query.expression,
        "legendFormat": query.legend,
        "editorMode": "code",
        **now,
    }
