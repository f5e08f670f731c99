"""Evaluates the CEL rules of the schema (x-kubernetes-validations) off-cluster."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from transformermodel_api.rules import VALIDATIONS
from transformermodel_api.schema import Json, Schema
from transformermodel_api.validation.problem import Problem, invalid

if TYPE_CHECKING:
    import cel


def rule_problems(value: Json, schema: Schema, path: str = "") -> Iterator[Problem]:
    """Problems of rules that are false for a value or a value nested in it.

    Args:
        value: a JSON value without structural problems, with the schema's defaults.
        schema: its schema.
        path: its path in the document; empty for the root.

    Raises:
        RuntimeError, TypeError: a rule is invalid, which is a bug of ours.
    """
    for rule in schema.get(VALIDATIONS, ()):
        if not _program(rule["rule"]).execute({"self": value}):
            field = f"{path}{rule.get('fieldPath', '')}".lstrip(".")
            yield invalid(field, schema.get("type", ""), rule["message"])
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from rule_problems(item, schema.get("items", {}), f"{path}[{index}]")
    if isinstance(value, dict):
        properties: dict[str, Schema] = schema.get("properties", {})
        entries: Schema = schema.get("additionalProperties", {})
        for name, child in value.items():
            if name in properties:
                yield from rule_problems(child, properties[name], f"{path}.{name}".lstrip("."))
            else:
                yield from rule_problems(child, entries, f"{path}[{name}]")


@cache
def _program(expression: str) -> "cel.Program":
    import cel  # imported late, because it imports terminal libraries that no pod needs

    return cel.compile(expression)
