"""Describes the endpoints for the OpenAPI document: their schemas, media types and statuses."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.routing import Route

from transformermodel_predictor.server.routes.health import is_health_url

JSON = "application/json"
TEXT = "text/plain"
PAGE = "text/html"
EVENTS = "text/event-stream"
BYTES = "application/octet-stream"

_READING = ("400", "413", "415")
_FINDING = ("404", "503")
_ASKING = (*_READING, *_FINDING, "500", "504")

_MEANINGS: Mapping[str, str] = {
    "400": "malformed, or not what the model can be asked",
    "401": "no token, or another",
    "403": "not as long as there are other versions",
    "404": "no such model or version",
    "405": "a prepared model is asked with a body",
    "409": "the version is there already",
    "413": "body or text too large, or too many rows",
    "415": "the body is compressed",
    "500": "the model failed",
    "503": "not ready, or too busy: Retry-After says when to come again",
    "504": "the client's timeout passed first",
}

_ERROR_SCHEMAS = {
    "openai": "OpenAIError",
    **dict.fromkeys(("predictions", "explanations", "invocations", "models"), "TorchServeError"),
}
"""Schemas of errors by the first segment of the path; see `urls.ERROR_FORMS`."""


@dataclass(frozen=True)
class EndpointSpec:
    """The requests and the responses of an endpoint.

    Attributes:
        request: schema of the request's body; empty if there is none.
        responses: schema of the response's body by media type; an empty name is a type without a schema.
        refusals: statuses of errors.
        successes: statuses of successful responses.
        any_status: whether a handler may answer with any other status.
        not_ready: statuses that report missing readiness, with the body of a successful response.
    """

    request: str = ""
    responses: Mapping[str, str] | None = None
    refusals: tuple[str, ...] = ()
    successes: tuple[str, ...] = ("200",)
    any_status: bool = False
    not_ready: tuple[str, ...] = ()


def _json(schema: str) -> Mapping[str, str]:
    return {JSON: schema}


_HANDLERS = {JSON: "", TEXT: "", BYTES: "", PAGE: ""}
_TENSORS = {JSON: "InferenceResponse", BYTES: ""}
_ANCESTOR = EndpointSpec(responses=_HANDLERS, refusals=(*_ASKING, "405"), any_status=True)

_SPECS: Mapping[str, EndpointSpec] = {
    "OperationsRoutes.alive": EndpointSpec(responses=_json("Alive")),
    "OperationsRoutes.metrics": EndpointSpec(responses={TEXT: ""}),
    "V1Routes.list_models": EndpointSpec(responses=_json("ModelNames")),
    "V1Routes.ready": EndpointSpec(responses=_json("ModelReady"), refusals=_FINDING),
    "V1Routes.predict": EndpointSpec("PredictRequest", _json("PredictResponse"), _ASKING, any_status=True),
    "V1Routes.explain": EndpointSpec("PredictRequest", {JSON: "ExplainResponse", PAGE: ""}, _ASKING, any_status=True),
    "V2Routes.metadata": EndpointSpec(responses=_json("ServerMetadata")),
    "V2Routes.live": EndpointSpec(responses=_json("ServerLive")),
    "V2Routes.ready": EndpointSpec(responses=_json("ServerReady"), not_ready=("503",)),
    "V2Routes.list_models": EndpointSpec(responses=_json("ModelNames")),
    "V2Routes.model_metadata": EndpointSpec(responses=_json("ModelMetadata"), refusals=_FINDING),
    "V2Routes.model_ready": EndpointSpec(responses=_json("ModelReady"), refusals=_FINDING),
    "V2Routes.infer": EndpointSpec("InferenceRequest", {**_TENSORS, PAGE: ""}, _ASKING, any_status=True),
    "V2Routes.explain": EndpointSpec("InferenceRequest", {**_TENSORS, PAGE: ""}, _ASKING, any_status=True),
    "GenerateRoutes.generate": EndpointSpec("GenerateRequest", _json("GenerateResponse"), _ASKING),
    "GenerateRoutes.generate_stream": EndpointSpec("GenerateRequest", {EVENTS: "GenerateResponse"}, _ASKING),
    "RepositoryRoutes.index": EndpointSpec("RepositoryIndexRequest", _json("RepositoryIndex"), _READING),
    "RepositoryRoutes.load": EndpointSpec("RepositoryLoadRequest", _json("RepositoryLoad"), (*_READING, *_FINDING)),
    "RepositoryRoutes.unload": EndpointSpec("RepositoryLoadRequest", _json("RepositoryLoad"), (*_READING, *_FINDING)),
    "AncestorRoutes.ping": EndpointSpec(responses=_json("Status"), not_ready=("503",)),
    "AncestorRoutes.list_models": EndpointSpec(responses=_json("TorchServeModels")),
    "AncestorRoutes.predict": _ANCESTOR,
    "AncestorRoutes.explain": _ANCESTOR,
    "AncestorRoutes.invoke": _ANCESTOR,
    "AncestorRoutes._openapi.<locals>.options": EndpointSpec(responses=_json(""), refusals=("404",)),
    "OpenAIRoutes.list_models": EndpointSpec(responses=_json("OpenAIModels")),
    "OpenAIRoutes.model": EndpointSpec(responses=_json("OpenAIModel"), refusals=("400", *_FINDING)),
    "OpenAIRoutes.complete": EndpointSpec("CompletionRequest", {JSON: "Completion", EVENTS: "Completion"}, _ASKING),
    "OpenAIRoutes.chat": EndpointSpec("ChatRequest", {JSON: "ChatCompletion", EVENTS: "ChatCompletionChunk"}, _ASKING),
    "PlaygroundRoutes.page": EndpointSpec(responses={PAGE: ""}, refusals=("404",)),
    "ManagementRoutes.list_models": EndpointSpec(responses=_json(""), refusals=("400",)),
    "ManagementRoutes.describe": EndpointSpec(responses=_json(""), refusals=("400", *_FINDING, "500")),
    "ManagementRoutes.register": EndpointSpec(
        "", _json("Status"), (*_READING, *_FINDING, "409", "500"), ("200", "202"), any_status=True
    ),
    "ManagementRoutes.scale": EndpointSpec("", _json("Status"), (*_READING, *_FINDING, "500"), ("200", "202")),
    "ManagementRoutes.unregister": EndpointSpec(responses=_json("Status"), refusals=("403", *_FINDING)),
    "ManagementRoutes.set_default": EndpointSpec(responses=_json("Status"), refusals=_FINDING),
}
"""The specs by the endpoints' qualified names."""

_DOCUMENT = EndpointSpec(responses=_json(""))


def spec_of(route: Route) -> EndpointSpec:
    """The spec of a route's endpoint; a JSON document if it has none."""
    return _SPECS.get(route.endpoint.__qualname__, _DOCUMENT)


def refusals_of(route: Route) -> dict[str, str]:
    """The statuses of a route's errors with their meanings."""
    refusals = spec_of(route).refusals
    statuses = refusals if is_health_url(route.path) else (*refusals, "401")
    return {status: _MEANINGS[status] for status in sorted(set(statuses))}


def error_schema_of(route: Route) -> str:
    """The schema of a route's errors."""
    return _ERROR_SCHEMAS.get(route.path.lstrip("/").partition("/")[0], "Error")
