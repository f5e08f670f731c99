"""Finds fields that the schema does not define, as the API server's strict decoding does. Pure."""

from collections.abc import Iterator

from transformermodel_api.schema import PRESERVE_UNKNOWN, Json, Schema

_OBJECT_META = frozenset(
    {
        "annotations",
        "creationTimestamp",
        "deletionGracePeriodSeconds",
        "deletionTimestamp",
        "finalizers",
        "generateName",
        "generation",
        "labels",
        "managedFields",
        "name",
        "namespace",
        "ownerReferences",
        "resourceVersion",
        "selfLink",
        "uid",
    }
)


def unknown_fields(document: dict[str, Json], schema: Schema) -> list[str]:
    """Paths of the fields that are not in the schema, sorted.

    Args:
        document: a manifest, or a part of one.
        schema: its schema. Fields of `metadata` are compared with ObjectMeta's instead.
    """
    metadata = document.get("metadata") or {}
    unknown = [f"metadata.{name}" for name in metadata if name not in _OBJECT_META]
    body = {name: value for name, value in document.items() if name != "metadata"}
    return sorted([*unknown, *_unknown(body, schema, "")])


def _unknown(value: Json, schema: Schema, path: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, item in enumerate(value):
            yield from _unknown(item, schema.get("items", {}), f"{path}[{index}]")
    if isinstance(value, dict) and not schema.get(PRESERVE_UNKNOWN):
        for name, child in value.items():
            child_path = f"{path}.{name}" if path else name
            child_schema = schema.get("properties", {}).get(name, schema.get("additionalProperties"))
            if child_schema is None:
                yield child_path
            else:
                yield from _unknown(child, child_schema, child_path)
