"""Converts pydantic's JSON schema to a structural schema, which a CustomResourceDefinition requires. Pure.

A structural schema has no references, no unions except int-or-string, and here no titles. See "Specifying a structural
schema" in the Kubernetes documentation on custom resources.
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
"""Keywords that a node may have, in the order in which they are written."""

_RULE_KEYWORDS = ("rule", "message", "fieldPath")
_NULL = {"type": "null"}
_INT_OR_STRING_TYPES = {"integer", "string"}


def structural_schema(resource_type: type[ResourceType]) -> Schema:
    """The structural schema of a type, with its keys in a fixed order.

    Raises:
        TypeError: the type uses something that structural schemas cannot express.
    """
    document = resource_type.model_json_schema(by_alias=True, mode="validation")
    return _structural(document, document.get("$defs", {}))


def schema_nodes(schema: Schema) -> Iterator[Schema]:
    """The schema and every schema nested in it, depth first."""
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
    """The node with references, unions and constants replaced by its own keywords; its children are not converted."""
    schema = {keyword: deepcopy(value) for keyword, value in node.items() if keyword not in ("$defs", "title")}
    if "$ref" in schema:
        target = definitions[schema.pop("$ref").removeprefix("#/$defs/")]
        schema = _in_place(_joined(target, schema), definitions)
    if "anyOf" in schema:
        schema = _in_place(_joined(_union(schema.pop("anyOf")), schema), definitions)
    if "const" in schema:
        schema["enum"] = [schema.pop("const")]
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]  # the API server prunes unknown fields, or refuses them in strict mode
    if schema.get("additionalProperties") is True:
        schema[PRESERVE_UNKNOWN] = schema.pop("additionalProperties")
    if schema.get("default", ...) in (None, []):
        del schema["default"]  # an absent field means the same
    return schema


def _joined(inner: Schema, outer: Schema) -> Schema:
    """Merge two nodes: keywords of the outer one, which is the field's own, take precedence; rules of both apply."""
    joined = {**inner, **outer}
    if rules := [*inner.get(VALIDATIONS, ()), *outer.get(VALIDATIONS, ())]:
        joined[VALIDATIONS] = rules
    return joined


def _union(options: list[Schema]) -> Schema:
    """One node for a union of a value and null, or of an integer and a string.

    Raises:
        TypeError: the union is another.
    """
    values = [option for option in options if option != _NULL]
    if len(values) == 1:
        return values[0]
    if {option.get("type") for option in values} == _INT_OR_STRING_TYPES:
        constraints = {k: v for option in values for k, v in option.items() if k != "type"}
        return {INT_OR_STRING: True, **constraints}
    raise TypeError(f"a structural schema has no words for the union of {options}")


def _unsaid_elsewhere(default: Json, schema: Schema) -> Json:
    """A default without values that equal the defaults of its fields, which the API server fills in anyway."""
    if not isinstance(default, dict) or "properties" not in schema:
        return default
    fields: dict[str, Schema] = schema["properties"]
    said = {name: _unsaid_elsewhere(value, fields[name]) for name, value in default.items() if value is not None}
    return {name: value for name, value in said.items() if value != fields[name].get("default")}
