"""The ASGI application: all URLs, and errors in the protocols' form."""

from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from transformermodel_predictor.protocols.errors import EXPECTED, Refusal, refusal
from transformermodel_predictor.server.exchange import ClientGone, JSONResponse, refused
from transformermodel_predictor.server.frame import RequestFrame
from transformermodel_predictor.server.models import Models
from transformermodel_predictor.server.v1_routes import V1Routes
from transformermodel_predictor.server.v2_routes import V2Routes

_CLIENT_CLOSED_REQUEST = 499


def make_application(models: Models, max_body_bytes: int) -> ASGIApp:
    """The application for the models of a server.

    Args:
        models: the registry; its models may become ready later.
        max_body_bytes: largest request body that is read.
    """
    routes = [
        Route("/", _alive),
        *V1Routes(models, max_body_bytes).routes(),
        *V2Routes(models, max_body_bytes).routes(),
    ]
    handlers = {
        **dict.fromkeys(EXPECTED, _refuse),
        **dict.fromkeys((ClientGone, ClientDisconnect), _nobody_reads),
        HTTPException: _refuse_route,
        Exception: _refuse,
    }
    return RequestFrame(Starlette(routes=routes, exception_handlers=handlers))


async def _alive(_: Request) -> JSONResponse:
    return JSONResponse({"status": "alive"})


async def _refuse(_: Request, error: Exception) -> Response:
    return refused(refusal(error))


async def _refuse_route(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    phrase = HTTPStatus(status).phrase.lower()
    return refused(Refusal(status, f"{request.method} {request.url.path}: {phrase}"))


async def _nobody_reads(_: Request, __: Exception) -> Response:
    return Response(status_code=_CLIENT_CLOSED_REQUEST)
