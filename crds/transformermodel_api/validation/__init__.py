"""Validates a manifest off-cluster as the API server does, with the same messages. Pure.

The checks have the API server's order: unknown fields first (strict decoding), then metadata, structure and the scale
subresource, and the CEL rules only if no blocking problem was found. All are derived from the CRD's schema.
"""

from collections.abc import Iterator

from transformermodel_api import API_VERSION, KIND
from transformermodel_api.crd import resource_schema
from transformermodel_api.schema import Json
from transformermodel_api.validation.cel_rules import rule_problems
from transformermodel_api.validation.defaulting import defaulted
from transformermodel_api.validation.golang import json_type
from transformermodel_api.validation.object_metadata import metadata_problems, undecodable
from transformermodel_api.validation.problem import Problem, required, unsupported
from transformermodel_api.validation.scale import scale_problems
from transformermodel_api.validation.structure import structure_problems
from transformermodel_api.validation.unknown_fields import unknown_fields

__all__ = ["problems"]


def problems(document: Json) -> tuple[str, ...]:
    """Why an API server would refuse to create the resource; empty if it would create it.

    Args:
        document: a JSON value, as read from a manifest. Its status is ignored, because only the operator writes it.

    Returns:
        One sentence per problem, each once.
    """
    if not isinstance(document, dict):
        return (f"a manifest is an object with apiVersion, kind, metadata and spec, not of type {json_type(document)}",)
    if foreign := list(_another_kind(document)):
        return tuple(map(str, foreign))
    metadata = {} if document.get("metadata") is None else document["metadata"]
    if sentence := undecodable(metadata):
        return (sentence,)
    schema = resource_schema()
    if unknown := unknown_fields(document, schema):
        return tuple(f'unknown field "{path}"' for path in unknown)
    resource = defaulted({**document, "metadata": metadata, "status": None}, schema)
    found = [*metadata_problems(resource["metadata"]), *structure_problems(resource, schema), *scale_problems(resource)]
    if not any(problem.blocking for problem in found):
        found += rule_problems(resource, schema)
    return tuple(dict.fromkeys(map(str, found)))


def _another_kind(document: dict[str, Json]) -> Iterator[Problem]:
    for field, wanted in (("apiVersion", API_VERSION), ("kind", KIND)):
        value = document.get(field)
        if value is None:
            yield required(field, f"must be {wanted}")
        elif value != wanted:
            yield unsupported(field, value, [wanted])
