"""Validates the structure of a document: types, enumerations, limits, required fields and sets. Pure."""

from collections.abc import Iterator

from transformermodel_api.schema import INT_OR_STRING, LIST_TYPE, Json, Schema
from transformermodel_api.validation.golang import json_type, number
from transformermodel_api.validation.problem import (
    Problem,
    duplicate,
    invalid,
    required,
    too_long,
    too_many,
    unsupported,
    wrong_type,
)

CHECKED = frozenset(
    "type enum minimum maximum minLength maxLength minItems maxItems minProperties maxProperties required properties "
    f"items additionalProperties {INT_OR_STRING} {LIST_TYPE}".split()
)
"""Keywords of a schema that this module checks."""

_SAFE_INTEGER = 2**53 - 1


def structure_problems(value: Json, schema: Schema, path: str = "") -> Iterator[Problem]:
    """Problems of a value and the values nested in it.

    As in the API server, the limits of a value's actual type apply, even if it should have another type.

    Args:
        value: a JSON value with the schema's defaults.
        schema: its schema.
        path: its path in the document; empty for the root.
    """
    yield from _type(value, schema, path)
    match value:
        case bool() | None:
            pass
        case int() | float():
            yield from _range(value, schema, path)
        case str():
            yield from _length(value, schema, path)
        case list():
            yield from _items(value, schema, path)
        case dict():
            yield from _fields(value, schema, path)
    if "enum" in schema and value not in schema["enum"]:
        yield unsupported(path, value, schema["enum"])


def _type(value: Json, schema: Schema, path: str) -> Iterator[Problem]:
    wanted = ["integer", "string"] if INT_OR_STRING in schema else [schema["type"]]
    actual = json_type(value)
    whole = actual == "number" and float(value).is_integer() and abs(value) <= _SAFE_INTEGER
    if actual not in wanted and not (whole and "integer" in wanted):
        yield wrong_type(path, actual, ",".join(wanted))


def _range(value: float, schema: Schema, path: str) -> Iterator[Problem]:
    is_integer = json_type(value) == "integer"
    for keyword, words in (("maximum", "less than or equal to"), ("minimum", "greater than or equal to")):
        limit = schema.get(keyword)
        if limit is not None and (value > limit if keyword == "maximum" else value < limit):
            yield invalid(
                path, value, f"{path} in body should be {words} {limit if is_integer else number(float(limit))}"
            )


def _length(value: str, schema: Schema, path: str) -> Iterator[Problem]:
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength")
    if longest is not None and len(value) > longest:
        yield too_long(path, longest)
    elif len(value) < shortest:
        yield invalid(path, value, f"{path} in body should be at least {shortest} chars long")


def _items(value: list[Json], schema: Schema, path: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, item in enumerate(value):
        if "items" in schema:
            yield from structure_problems(item, schema["items"], f"{path}[{index}]")
        times = seen[repr(item)] = seen.get(repr(item), 0) + 1
        if schema.get(LIST_TYPE) == "set" and times == 2:  # the API server reports a duplicate once
            yield duplicate(f"{path}[{index}]", item)
    if len(value) < schema.get("minItems", 0):
        yield invalid(path, len(value), f"{path} in body should have at least {schema['minItems']} items")
    if len(value) > schema.get("maxItems", len(value)):
        yield too_many(path, len(value), schema["maxItems"])


def _fields(value: dict[str, Json], schema: Schema, path: str) -> Iterator[Problem]:
    prefix = f"{path}." if path else ""
    properties: dict[str, Schema] = schema.get("properties", {})
    for name, child in value.items():
        child_schema = properties.get(name, schema.get("additionalProperties"))
        if child_schema is not None:
            yield from structure_problems(child, child_schema, f"{prefix}{name}")
    for name in schema.get("required", ()):
        if name not in value:
            yield required(f"{prefix}{name}")
    if len(value) < schema.get("minProperties", 0):
        yield invalid(path, len(value), f"{path} in body should have at least {schema['minProperties']} properties")
    if len(value) > schema.get("maxProperties", len(value)):
        yield too_many(path, len(value), schema["maxProperties"])
