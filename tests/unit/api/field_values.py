"""Values of a field by its schema: sound ones, and ones that its schema or its rules refuse. Always the same."""

from typing import Any

from tests.unit.api.generated import STORAGE_URIS, WELL_FORMED
from transformermodel_api.rules import VALIDATIONS
from transformermodel_api.schema import INT_OR_STRING, Schema

STRANGE = "$(touch /tmp/x); `id` {{ .Values }} ${HOME} '\"<&\n/../é"
"""A text of no form: what a shell, a template or a path would take for something else."""

_NAMED = {
    # what only Kubernetes knows of pods, a check that is not due while tests run, what absent does not mean
    "fieldPath": ("status.podIP", "metadata.name"),
    "scaleMetric": ("Memory", "CPU"),
    "checkIntervalSeconds": (31_536_000, 86_400),
    "key": ("one", "two"),
    "topologyKey": ("one", "two"),
    "operator": ("Exists", "Equal"),
    "matchExpressions.operator": ("In", "NotIn"),
    "image": ("registry.example.com/predictor:2", "predictor:3"),
}
_RESOURCES = ({"cpu": "500m"}, {"cpu": "1", "memory": "2Gi"})
_MAPS = ({"one": "two"}, {"one": "three", "four": "five"})


def sound_values(schema: Schema, name: str) -> tuple[Any, ...]:
    """Values that a field can have, at least one, such that differ from its default first.

    Args:
        schema: the field's.
        name: the field's path, with dots.
    """
    found = _found(schema, name)
    default = schema.get("default")
    return (*(value for value in found if value != default), *(value for value in found if value == default))


def refused_values(schema: Schema) -> tuple[Any, ...]:
    """Values that the schema refuses, by type, by bounds, by form."""
    if INT_OR_STRING in schema:
        return ([], "2 Gi", -1)
    wrong: list[Any] = [
        {"unknown": 1} if schema["type"] == "object" else {},
        True if schema["type"] != "boolean" else 5,
    ]
    wrong += [schema["minimum"] - 1] if "minimum" in schema else []
    wrong += [schema["maximum"] + 1] if "maximum" in schema else []
    wrong += ["x" * (schema["maxLength"] + 1)] if "maxLength" in schema else []
    wrong += [""] if schema.get("minLength") else []
    wrong += [[]] if schema.get("minItems") else []
    wrong += ["Wrong"] if "enum" in schema else []
    wrong += [STRANGE] if schema["type"] == "string" and VALIDATIONS in schema else []
    wrong += [{}] if schema.get("required") else []
    if "additionalProperties" in schema:
        wrong[0] = {"one": []}
    return tuple(wrong)


def _found(schema: Schema, name: str) -> tuple[Any, ...]:
    last = name.rpartition(".")[2]
    if name == "storage.uri":
        return STORAGE_URIS
    known = next((_NAMED[end] for end in (".".join(name.split(".")[-2:]), last) if end in _NAMED), None)
    if known is not None:
        return known
    if "enum" in schema:
        return tuple(schema["enum"])
    if INT_OR_STRING in schema:
        return ("500m", 2)
    match schema["type"]:
        case "integer":
            return (schema.get("maximum", 9), schema.get("minimum", 0))
        case "boolean":
            return (True, False)
        case "string":
            return WELL_FORMED.get(last, ("one", "two"))
        case "object":
            return _RESOURCES if last in ("requests", "limits") else _MAPS
    return (["one"], ["one", "two"])


def strange_values(schema: Schema) -> tuple[Any, ...]:
    """Values that the schema lets pass, and that nobody should write; none where every text has a form."""
    if schema.get("type") == "string":
        return () if VALIDATIONS in schema or "enum" in schema else (STRANGE,)
    if schema.get("items", {}).get("type") == "string":
        return ([STRANGE],)
    if schema.get("additionalProperties", {}).get("type") == "string":
        return ({"one": STRANGE}, {STRANGE: "one"})
    return ()
