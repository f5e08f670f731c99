"""The table of values in the chart's README, written by `python -m tests.chart.values_table` from schema and values."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from transformermodel_api.generate import main

CHART = Path("charts", "transformermodel")
BEGIN, END = "<!-- values -->\n", "<!-- end of values -->"
LONGEST_DEFAULT = 60


def table(schema: dict[str, Any], values: dict[str, Any]) -> str:
    """The Markdown table: a row for each value that the schema names and values.yaml sets."""
    rows = (f"| `{path}` | {_shown(default)} | {text} |" for path, default, text in _leaves(schema, schema, values, ""))
    return "\n".join(("| Value | Default | Meaning |", "|--|--|--|", *rows, ""))


def generated_files(root: Path) -> dict[Path, str]:
    """Path and content of the README of a checkout's chart."""
    chart = root / CHART
    schema = json.loads((chart / "values.schema.json").read_text("utf-8"))
    values = yaml.safe_load((chart / "values.yaml").read_text("utf-8"))
    readme = chart / "README.md"
    return {readme: readme_with_table(readme.read_text("utf-8"), schema, values)}


def readme_with_table(readme: str, schema: dict[str, Any], values: dict[str, Any]) -> str:
    """The README with its table replaced."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}{table(schema, values)}{END}{rest.split(END)[1]}"


def _leaves(root: dict[str, Any], node: dict[str, Any], values: Any, path: str) -> Iterator[tuple[str, Any, str]]:
    resolved = {**root["definitions"].get(node.get("$ref", "").rpartition("/")[2], {}), **node}
    properties = resolved.get("properties", {})
    known = {name: value for name, value in values.items() if name in properties} if isinstance(values, dict) else {}
    if not known:
        yield path, values, resolved["description"]
    for name, value in known.items():
        yield from _leaves(root, properties[name], value, f"{path}.{name}".lstrip("."))


def _shown(default: Any) -> str:
    if default == "":
        return ""
    text = default if isinstance(default, str) else json.dumps(default)
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else "see [values.yaml](values.yaml)"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], generated_files))
