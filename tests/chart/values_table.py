"""The table of values in the chart's README: `python -m tests.chart.values_table` writes it from schema and values."""

import json
import sys
from collections.abc import Iterator
from typing import Any

import yaml

from tests.chart.chart import CHART

README, SCHEMA, VALUES = CHART / "README.md", CHART / "values.schema.json", CHART / "values.yaml"
BEGIN, END = "<!-- values -->\n", "<!-- end of values -->"
LONGEST_DEFAULT = 60


def table(schema: dict[str, Any], values: dict[str, Any]) -> str:
    """The Markdown table: a row for each value that the schema names and values.yaml sets."""
    rows = (f"| `{path}` | {_shown(default)} | {text} |" for path, default, text in _leaves(schema, schema, values, ""))
    return "\n".join(("| Value | Default | Meaning |", "|--|--|--|", *rows, ""))


def readme_with_table(readme: str, schema: dict[str, Any], values: dict[str, Any]) -> str:
    """The README with its table replaced."""
    before, rest = readme.split(BEGIN)
    return f"{before}{BEGIN}{table(schema, values)}{END}{rest.split(END)[1]}"


def _leaves(root: dict[str, Any], node: dict[str, Any], values: Any, path: str) -> Iterator[tuple[str, Any, str]]:
    resolved = {**root["definitions"].get(node.get("$ref", "").rpartition("/")[2], {}), **node}
    properties = resolved.get("properties", {})
    known = {name: values[name] for name in properties if isinstance(values, dict) and name in values}
    if not known:
        yield path, values, resolved["description"]
    for name, value in known.items():
        yield from _leaves(root, properties[name], value, f"{path}.{name}".lstrip("."))


def _shown(default: Any) -> str:
    if default == "":
        return ""
    text = default if isinstance(default, str) else json.dumps(default)
    return f"`{text}`" if len(text) <= LONGEST_DEFAULT else "see [values.yaml](values.yaml)"


def main() -> None:
    """Write the table into the README."""
    written = readme_with_table(README.read_text(), json.loads(SCHEMA.read_text()), yaml.safe_load(VALUES.read_text()))
    README.write_text(written)
    sys.stdout.write(f"wrote {README}\n")


if __name__ == "__main__":
    main()
