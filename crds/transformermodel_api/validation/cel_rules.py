"""The CEL rules of the schema (x-kubernetes-validations), evaluated off-cluster from the same expressions."""

from collections.abc import Iterator
from functools import cache
from typing import TYPE_CHECKING

from transformermodel_api.rules import VALIDATIONS
from transformermodel_api.schema import Json, Schema
from transformermodel_api.validation.problem import Problem, invalid

if TYPE_CHECKING:
    import cel


def rule_problems(value: Json, schema: Schema, path: str = "") -> Iterator[Problem]:
    """Rules that do not hold for a value and everything in it; its structure must be sound.

    Raises:
        RuntimeError, TypeError: a rule is itself wrong.
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
    import cel  # brings libraries for terminals along, which no pod needs: only when there is a rule to evaluate

    return cel.compile(expression)
