"""From pydantic's JSON schema to a structural schema as a CustomResourceDefinition wants it.

A structural schema says everything in place: no references, no unions but int-or-string, no titles. See
"Specifying a structural schema" in the Kubernetes documentation on custom resources.
"""

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any, TypeAlias

from transformermodel_api.rules import VALIDATIONS, ResourceType

Schema: TypeAlias = dict[str, Any]
Json: TypeAlias = Any
"""A JSON value."""

INT_OR_STRING = "x-kubernetes-int-or-string"
LIST_TYPE = "x-kubernetes-list-type"
PRESERVE_UNKNOWN = "x-kubernetes-preserve-unknown-fields"

_KEYWORDS = (
    "description",
    "type",
    INT_OR_STRING,
    "format",
    "enum",
    "default",
    "minimum",
    "maximum",
    "minLength",
    "maxLength",
    "minItems",
    "maxItems",
    "minProperties",
    "maxProperties",
    LIST_TYPE,
    "x-kubernetes-list-map-keys",
    "required",
    "properties",
    "items",
    "additionalProperties",
    PRESERVE_UNKNOWN,
    VALIDATIONS,
)
"""What a node may say, in the order in which it is written."""

_RULE_KEYWORDS = ("rule", "message", "fieldPath")
_NULL = {"type": "null"}
_INT_OR_STRING_TYPES = {"integer", "string"}


def structural_schema(resource_type: type[ResourceType]) -> Schema:
    """The structural schema of a type, always with its keys in the same order.

    Raises:
        TypeError: the type says something for which structural schemas have no words.
    """
    document = resource_type.model_json_schema(by_alias=True, mode="validation")
    return _structural(document, document.get("$defs", {}))


def schema_nodes(schema: Schema) -> Iterator[Schema]:
    """The schema and every schema in it."""
    yield schema
    inner = (schema[keyword] for keyword in ("items", "additionalProperties") if keyword in schema)
    for child in (*schema.get("properties", {}).values(), *inner):
        yield from schema_nodes(child)


def _structural(node: Mapping[str, Any], definitions: Mapping[str, Schema]) -> Schema:
    schema = _in_place(node, definitions)
    if "properties" in schema:
        schema["properties"] = {name: _structural(child, definitions) for name, child in schema["properties"].items()}
    for keyword in ("items", "additionalProperties"):
        if keyword in schema:
            schema[keyword] = _structural(schema[keyword], definitions)
    if "default" in schema:
        schema["default"] = _unsaid_elsewhere(schema["default"], schema)
    if VALIDATIONS in schema:
        schema[VALIDATIONS] = [{k: rule[k] for k in _RULE_KEYWORDS if k in rule} for rule in schema[VALIDATIONS]]
    if unknown := sorted(schema.keys() - set(_KEYWORDS)):
        raise TypeError(f"a structural schema has no words for {', '.join(unknown)} in {schema}")
    return {keyword: schema[keyword] for keyword in _KEYWORDS if keyword in schema}


def _in_place(node: Mapping[str, Any], definitions: Mapping[str, Schema]) -> Schema:
    """The node with references, unions and constants said in its own keywords; children are left as they are."""
    schema = {keyword: deepcopy(value) for keyword, value in node.items() if keyword not in ("$defs", "title")}
    if "$ref" in schema:
        target = definitions[schema.pop("$ref").removeprefix("#/$defs/")]
        schema = _in_place(_joined(target, schema), definitions)
    if "anyOf" in schema:
        schema = _in_place(_joined(_union(schema.pop("anyOf")), schema), definitions)
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]  # unknown fields are pruned, or refused when the client is strict
    if schema.get("additionalProperties") is True:
        schema[PRESERVE_UNKNOWN] = schema.pop("additionalProperties")
    if schema.get("default", ...) in (None, []):
        del schema["default"]  # absent says the same, without null
    return schema


def _joined(inner: Schema, outer: Schema) -> Schema:
    """Both nodes in one: the outer one, which stands at the field, wins; rules of both hold."""
    joined = {**inner, **outer}
    if rules := [*inner.get(VALIDATIONS, ()), *outer.get(VALIDATIONS, ())]:
        joined[VALIDATIONS] = rules
    return joined


def _union(options: list[Schema]) -> Schema:
    """One node for a union: an optional value, or an integer or string."""
    values = [option for option in options if option != _NULL]
    if len(values) == 1:
        return values[0]
    if {option.get("type") for option in values} == _INT_OR_STRING_TYPES:
        constraints = {k: v for option in values for k, v in option.items() if k != "type"}
        return {INT_OR_STRING: True, **constraints}
    raise TypeError(f"a structural schema has no words for the union of {options}")


def _unsaid_elsewhere(default: Json, schema: Schema) -> Json:
    """A default without what the defaults of its fields say anyway: the server fills those in."""
    if not isinstance(default, dict) or "properties" not in schema:
        return default
    fields: dict[str, Schema] = schema["properties"]
    said = {name: _unsaid_elsewhere(value, fields[name]) for name, value in default.items() if value is not None}
    return {name: value for name, value in said.items() if value != fields[name].get("default")}
