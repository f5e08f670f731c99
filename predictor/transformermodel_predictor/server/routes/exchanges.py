"""What the endpoints read and answer, for the OpenAPI document: schemas, media types and statuses."""

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
"""By the first segment of the path, as the errors' forms are."""


@dataclass(frozen=True)
class Exchange:
    """What one endpoint reads and answers.

    Attributes:
        asked: schema of the request's body; nothing in particular where empty.
        answered: schemas of the answer by media type; empty where there is none.
        refusals: the statuses of its errors.
        success: the statuses of its answers.
        further: whether a handler may answer with any other status.
        bare: statuses whose body is the answer's: the truth about health.
    """

    asked: str = ""
    answered: Mapping[str, str] | None = None
    refusals: tuple[str, ...] = ()
    success: tuple[str, ...] = ("200",)
    further: bool = False
    bare: tuple[str, ...] = ()


def _json(schema: str) -> Mapping[str, str]:
    return {JSON: schema}


_HANDLERS = {JSON: "", TEXT: "", BYTES: "", PAGE: ""}
_TENSORS = {JSON: "InferenceResponse", BYTES: ""}
_ANCESTOR = Exchange(answered=_HANDLERS, refusals=(*_ASKING, "405"), further=True)

_EXCHANGES: Mapping[str, Exchange] = {
    "OperationsRoutes.alive": Exchange(answered=_json("Alive")),
    "OperationsRoutes.metrics": Exchange(answered={TEXT: ""}),
    "V1Routes.list_models": Exchange(answered=_json("ModelNames")),
    "V1Routes.ready": Exchange(answered=_json("ModelReady"), refusals=_FINDING),
    "V1Routes.predict": Exchange("PredictRequest", _json("PredictResponse"), _ASKING, further=True),
    "V1Routes.explain": Exchange("PredictRequest", {JSON: "ExplainResponse", PAGE: ""}, _ASKING, further=True),
    "V2Routes.metadata": Exchange(answered=_json("ServerMetadata")),
    "V2Routes.live": Exchange(answered=_json("ServerLive")),
    "V2Routes.ready": Exchange(answered=_json("ServerReady"), bare=("503",)),
    "V2Routes.list_models": Exchange(answered=_json("ModelNames")),
    "V2Routes.model_metadata": Exchange(answered=_json("ModelMetadata"), refusals=_FINDING),
    "V2Routes.model_ready": Exchange(answered=_json("ModelReady"), refusals=_FINDING),
    "V2Routes.infer": Exchange("InferenceRequest", {**_TENSORS, PAGE: ""}, _ASKING, further=True),
    "V2Routes.explain": Exchange("InferenceRequest", {**_TENSORS, PAGE: ""}, _ASKING, further=True),
    "GenerateRoutes.generate": Exchange("GenerateRequest", _json("GenerateResponse"), _ASKING),
    "GenerateRoutes.generate_stream": Exchange("GenerateRequest", {EVENTS: "GenerateResponse"}, _ASKING),
    "RepositoryRoutes.index": Exchange("RepositoryIndexRequest", _json("RepositoryIndex"), _READING),
    "RepositoryRoutes.load": Exchange("RepositoryLoadRequest", _json("RepositoryLoad"), (*_READING, *_FINDING)),
    "RepositoryRoutes.unload": Exchange("RepositoryLoadRequest", _json("RepositoryLoad"), (*_READING, *_FINDING)),
    "AncestorRoutes.ping": Exchange(answered=_json("Status"), bare=("503",)),
    "AncestorRoutes.list_models": Exchange(answered=_json("TorchServeModels")),
    "AncestorRoutes.predict": _ANCESTOR,
    "AncestorRoutes.explain": _ANCESTOR,
    "AncestorRoutes.invoke": _ANCESTOR,
    "AncestorRoutes._describing.<locals>.options": Exchange(answered=_json(""), refusals=("404",)),
    "OpenAIRoutes.list_models": Exchange(answered=_json("OpenAIModels")),
    "OpenAIRoutes.model": Exchange(answered=_json("OpenAIModel"), refusals=("400", *_FINDING)),
    "OpenAIRoutes.complete": Exchange("CompletionRequest", {JSON: "Completion", EVENTS: "Completion"}, _ASKING),
    "OpenAIRoutes.chat": Exchange("ChatRequest", {JSON: "ChatCompletion", EVENTS: "ChatCompletionChunk"}, _ASKING),
    "PlaygroundRoutes.page": Exchange(answered={PAGE: ""}, refusals=("404",)),
    "ManagementRoutes.list_models": Exchange(answered=_json(""), refusals=("400",)),
    "ManagementRoutes.describe": Exchange(answered=_json(""), refusals=("400", *_FINDING, "500")),
    "ManagementRoutes.register": Exchange(
        "", _json("Status"), (*_READING, *_FINDING, "409", "500"), ("200", "202"), further=True
    ),
    "ManagementRoutes.scale": Exchange("", _json("Status"), (*_READING, *_FINDING, "500"), ("200", "202")),
    "ManagementRoutes.unregister": Exchange(answered=_json("Status"), refusals=("403", *_FINDING)),
    "ManagementRoutes.set_default": Exchange(answered=_json("Status"), refusals=_FINDING),
}
"""By the endpoints' names."""

_DOCUMENT = Exchange(answered=_json(""))


def exchange_of(route: Route) -> Exchange:
    """What a route's endpoint reads and answers; a JSON document where nothing is said of it."""
    return _EXCHANGES.get(route.endpoint.__qualname__, _DOCUMENT)


def refusals_of(route: Route) -> dict[str, str]:
    """The statuses of a route's errors, each with its meaning."""
    said = exchange_of(route).refusals
    statuses = said if is_health_url(route.path) else (*said, "401")
    return {status: _MEANINGS[status] for status in sorted(set(statuses))}


def error_schema_of(route: Route) -> str:
    """The schema of a route's errors."""
    return _ERROR_SCHEMAS.get(route.path.lstrip("/").partition("/")[0], "Error")
