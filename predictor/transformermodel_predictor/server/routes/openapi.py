"""The OpenAPI document: made from the routes, their docstrings, and the protocols' schemas."""

import inspect
import re
from collections.abc import Iterable, Mapping
from importlib.metadata import version
from typing import Any

from starlette.routing import Route

from transformermodel_predictor.protocols.schemas import SCHEMAS

_BODIES: Mapping[str, tuple[str, str]] = {
    "V1Routes.predict": ("PredictRequest", "PredictResponse"),
    "V1Routes.explain": ("PredictRequest", "ExplainResponse"),
    "V2Routes.infer": ("InferenceRequest", "InferenceResponse"),
    "V2Routes.explain": ("InferenceRequest", "InferenceResponse"),
    "GenerateRoutes.generate": ("GenerateRequest", "GenerateResponse"),
    "GenerateRoutes.generate_stream": ("GenerateRequest", ""),
    "V2Routes.model_metadata": ("", "ModelMetadata"),
}
"""Schemas of an endpoint's request and response, where they are more than an object."""

_TORCHSERVE = ("/predictions/", "/explanations/")
_REFUSALS = {"400": "malformed", "404": "no such model or version", "413": "too large", "503": "not ready, or too busy"}
_CONVERTER = re.compile(r":\w+}")
_METHODS_WITHOUT_MEANING = frozenset({"HEAD"})


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
            "schemas": dict(SCHEMAS),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def path_of(route: Route) -> str:
    """A route's path as documents have it, without what its variables may hold."""
    return _CONVERTER.sub("}", route.path)


def model_document(document: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A document of models' URLs as that of one model."""
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
    asked, answered = _BODIES.get(route.endpoint.__qualname__, ("", ""))
    names = re.findall(r"{(\w+)(?::\w+)?}", route.path)
    operation: dict[str, Any] = {
        "summary": summary(route),
        "operationId": re.sub(r"\W+", "_", f"{method.lower()}{route.path}").strip("_"),
        "parameters": [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names],
        "responses": {"200": _content(answered, "answered"), **_refusals(route)},
    }
    if method != "GET":
        operation["requestBody"] = {"content": _media(asked)}
    return operation


def _refusals(route: Route) -> dict[str, Any]:
    """What a model's URLs answer when they do not."""
    if not route.param_convertors:
        return {}
    schema = "TorchServeError" if route.path.startswith(_TORCHSERVE) else "Error"
    return {status: _content(schema, words) for status, words in _REFUSALS.items()}


def _content(schema: str, words: str) -> dict[str, Any]:
    return {"description": words, "content": _media(schema)}


def _media(schema: str) -> dict[str, Any]:
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{schema}"}}} if schema else {"*/*": {}}
