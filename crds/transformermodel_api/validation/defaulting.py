"""Fills in the schema's defaults, as the API server does before it validates. Pure."""

from transformermodel_api.nulls import without_nulls
from transformermodel_api.schema import Json, Schema


def defaulted(value: Json, schema: Schema) -> Json:
    """The value without nulls, and with the schema's defaults for absent fields."""
    return _filled(without_nulls(value), schema)


def _filled(value: Json, schema: Schema) -> Json:
    if isinstance(value, list):
        return [_filled(item, schema.get("items", {})) for item in value]
    if not isinstance(value, dict):
        return value
    properties: dict[str, Schema] = schema.get("properties", {})
    absent = {name: child["default"] for name, child in properties.items() if "default" in child and name not in value}
    entries: Schema = schema.get("additionalProperties", {})
    return {name: _filled(child, properties.get(name, entries)) for name, child in {**value, **absent}.items()}
