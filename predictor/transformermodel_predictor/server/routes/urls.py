"""Assembles all URLs of a server."""

from starlette.requests import Request
from starlette.routing import Route

from transformermodel_predictor.protocols import openai, torchserve_errors
from transformermodel_predictor.protocols.errors import Unauthorized
from transformermodel_predictor.server.application import Application, Guard
from transformermodel_predictor.server.bodies import JSONResponse
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.options import ServerOptions
from transformermodel_predictor.server.routes.ancestor import AncestorRoutes
from transformermodel_predictor.server.routes.generate import GenerateRoutes
from transformermodel_predictor.server.routes.health import is_health_url
from transformermodel_predictor.server.routes.openai import OpenAIRoutes
from transformermodel_predictor.server.routes.openapi import openapi_document
from transformermodel_predictor.server.routes.operations import OperationsRoutes
from transformermodel_predictor.server.routes.playground import PLAYGROUND_PATH, PlaygroundRoutes
from transformermodel_predictor.server.routes.repository import RepositoryRoutes
from transformermodel_predictor.server.routes.v1 import V1Routes
from transformermodel_predictor.server.routes.v2 import V2Routes
from transformermodel_predictor.server.token import Token
from transformermodel_predictor.telemetry.metrics import Metrics

ERROR_FORMS = {
    "openai": openai.error_document,
    "predictions": torchserve_errors.error_document,
    "explanations": torchserve_errors.error_document,
    "invocations": torchserve_errors.error_document,
    "models": torchserve_errors.error_document,
}
"""Writers of errors for protocols with a form of their own, by the first segment of their paths."""


def make_application(models: Models, inference: Inference, metrics: Metrics, options: ServerOptions) -> Application:
    """Make the application that serves the models.

    Args:
        models: the registry; its models may become ready later.
        inference: runs requests.
        metrics: the server's metrics.
        options: the server's options.
    """
    guards = [] if options.token is None else [_guard(options.token)]
    routes = make_routes(models, inference, metrics, options.max_body_bytes, playground=options.has_playground)
    return Application(routes, guards, ERROR_FORMS)


def make_routes(
    models: Models, inference: Inference, metrics: Metrics, max_body_bytes: int, *, playground: bool = True
) -> list[Route]:
    """All routes of the server."""
    routes = [
        *OperationsRoutes(models, metrics).routes(),
        *V1Routes(models, inference, max_body_bytes).routes(),
        *V2Routes(models, inference, max_body_bytes).routes(),
        *GenerateRoutes(inference, max_body_bytes).routes(),
        *RepositoryRoutes(models, max_body_bytes).routes(),
        *AncestorRoutes(models, inference, max_body_bytes).routes(),
        *OpenAIRoutes(models, inference, max_body_bytes).routes(),
        *(PlaygroundRoutes().routes() if playground else ()),
    ]
    return [*routes, *_documents_of(routes)]


def _documents_of(routes: list[Route]) -> list[Route]:
    document = openapi_document(routes)

    async def openapi(_: Request) -> JSONResponse:
        """The OpenAPI document of all URLs."""
        return JSONResponse(document)

    return [Route("/openapi.json", openapi), Route("/", openapi, methods=["OPTIONS"])]


def _remove_token(request: Request) -> None:
    """Remove the token from the headers once it is checked: handlers are third-party code."""
    headers = request.scope["headers"]
    headers[:] = [header for header in headers if header[0] != b"authorization"]


def _guard(token: Token) -> Guard:
    def require_token(request: Request) -> None:
        path = request.scope["path"]
        if (
            path != PLAYGROUND_PATH
            and not is_health_url(path)
            and not token.in_header(request.headers.get("authorization"))
        ):
            raise Unauthorized
        _remove_token(request)

    return require_token
