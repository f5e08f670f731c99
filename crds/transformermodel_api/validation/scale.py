"""Validates what the scale subresource reads: the desired number of replicas. Pure."""

from collections.abc import Iterator

from transformermodel_api.crd import SPEC_REPLICAS_PATH
from transformermodel_api.schema import Json
from transformermodel_api.validation.golang import json_type, plain, type_name
from transformermodel_api.validation.problem import Problem, invalid

_MOST = 2**31 - 1


def scale_problems(document: dict[str, Json]) -> Iterator[Problem]:
    """Problems of the number of replicas."""
    names = SPEC_REPLICAS_PATH.strip(".").split(".")
    value: Json = document
    for depth, name in enumerate(names, start=1):
        if not isinstance(value, dict):
            yield _unreadable(names[:depth], value, "map[string]interface{}")
            return
        if name not in value:
            return
        value = value[name]
    if json_type(value) != "integer":
        yield _unreadable(names, value, "int64")
    elif value < 0:
        yield invalid(SPEC_REPLICAS_PATH, value, "should be a non-negative integer")
    elif value > _MOST:
        yield invalid(SPEC_REPLICAS_PATH, value, f"should be less than or equal to {_MOST}")


def _unreadable(names: list[str], value: Json, wanted: str) -> Problem:
    detail = f".{'.'.join(names)} accessor error: {plain(value)} is of the type {type_name(value)}, expected {wanted}"
    return invalid(SPEC_REPLICAS_PATH, 0, detail)
