"""Makes the OpenAPI document from the routes, their docstrings, and the protocols' schemas."""

import inspect
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from starlette.routing import Route

from transformermodel_predictor.protocols.openai_schemas import OPENAI_SCHEMAS
from transformermodel_predictor.protocols.schemas import SCHEMAS
from transformermodel_predictor.server.routes.endpoint_specs import (
    JSON,
    EndpointSpec,
    error_schema_of,
    refusals_of,
    spec_of,
)

_CONVERTER = re.compile(r":\w+}")
_METHODS_WITHOUT_MEANING = frozenset({"HEAD"})
_WITH_BODY = frozenset({"POST", "PUT"})


def openapi_document(routes: Iterable[Route]) -> dict[str, Any]:
    """The document that describes the routes."""
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        operations = paths.setdefault(path_of(route), {})
        for method in sorted((route.methods or set()) - _METHODS_WITHOUT_MEANING):
            operations[method.lower()] = _operation(route, method)
    return {
        "openapi": "3.1.0",
        "info": {"title": "transformermodel", "version": version("transformermodel")},
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": {**SCHEMAS, **OPENAI_SCHEMAS},
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def path_of(route: Route) -> str:
    """A route's path in OpenAPI's notation, without the types of its variables."""
    return _CONVERTER.sub("}", route.path)


def model_document(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The OpenAPI document of one model, from that of all models' URLs."""
    paths = {path.replace("{name}", name): _without_name(operations) for path, operations in document["paths"].items()}
    return {**document, "paths": paths}


def summary(route: Route) -> str:
    """The first line of an endpoint's docstring."""
    return (inspect.getdoc(route.endpoint) or "").partition("\n")[0]


def _without_name(operations: Mapping[str, Any]) -> dict[str, Any]:
    return {
        method: {**operation, "parameters": [one for one in operation["parameters"] if one["name"] != "name"]}
        for method, operation in operations.items()
    }


def _operation(route: Route, method: str) -> dict[str, Any]:
    spec = spec_of(route)
    names = re.findall(r"{(\w+)(?::\w+)?}", route.path)
    operation: dict[str, Any] = {
        "summary": summary(route),
        "operationId": re.sub(r"\W+", "_", f"{method.lower()}{route.path}").strip("_"),
        "parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names],
        "responses": _responses(route, spec),
    }
    if method in _WITH_BODY:
        operation["requestBody"] = {"content": _media({JSON: spec.request} if spec.request else {"*/*": ""})}
    return operation


def _responses(route: Route, spec: EndpointSpec) -> dict[str, Any]:
    """The responses by status; `default` stands for any status that a model's handler chooses."""
    answers = {
        **{status: _content("answered", spec.responses or {}) for status in spec.successes},
        **{status: _content("not ready", spec.responses or {}) for status in spec.not_ready},
    }
    form = {JSON: error_schema_of(route)}
    refusals = {status: _content(meaning, form) for status, meaning in refusals_of(route).items()}
    further = {"default": _content("as the model's handler says", {"*/*": ""})} if spec.any_status else {}
    return {**answers, **refusals, **further}


def _content(meaning: str, schemas: Mapping[str, str]) -> dict[str, Any]:
    return {"description": meaning, "content": _media(schemas)}


def _media(schemas: Mapping[str, str]) -> dict[str, Any]:
    """Media types with their schemas; for an event stream the schema is that of an event's data."""
    return {
        media: {"schema": {"$ref": f"#/components/schemas/{schema}"}} if schema else {}
        for media, schema in schemas.items()
    }
