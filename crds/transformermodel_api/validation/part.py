"""Validates a part of a resource that does not come from a manifest, such as flags of the command line. Pure."""

from transformermodel_api.crd import resource_schema
from transformermodel_api.schema import Json, Schema
from transformermodel_api.validation.cel_rules import rule_problems
from transformermodel_api.validation.defaulting import defaulted
from transformermodel_api.validation.structure import structure_problems
from transformermodel_api.validation.unknown_fields import unknown_fields


def part_schema(*path: str) -> Schema:
    """The schema of a field, such as `part_schema("spec", "predictor", "batching")`."""
    schema: Schema = resource_schema()
    for name in path:
        schema = schema["properties"][name]
    return schema


def part_problems(value: dict[str, Json], *path: str) -> tuple[str, ...]:
    """Why an API server would refuse a value of a field; empty if it would accept it.

    Args:
        value: a JSON object.
        path: the field, such as "spec", "predictor", "batching".

    Returns:
        One sentence per problem, each once, with field paths relative to the value.
    """
    schema = part_schema(*path)
    if unknown := unknown_fields(value, schema):
        return tuple(f'unknown field "{name}"' for name in unknown)
    filled = defaulted(value, schema)
    found = list(structure_problems(filled, schema))
    if not any(problem.blocking for problem in found):
        found += rule_problems(filled, schema)
    return tuple(dict.fromkeys(map(str, found)))
