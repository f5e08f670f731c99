"""V2's model repository: models of this server, loaded and unloaded on request."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from transformermodel_api.errors import TransformerModelError
from transformermodel_predictor.protocols.errors import InvalidRequest, ModelNotReady
from transformermodel_predictor.server.exchange import JSONResponse, parse_json, read_body
from transformermodel_predictor.server.models.models import Models, ModelState

TRITONS_STATE: Mapping[ModelState, str] = {
    ModelState.Loading: "LOADING",
    ModelState.Ready: "READY",
    ModelState.Failed: "UNAVAILABLE",
    ModelState.Unloading: "UNLOADING",
    ModelState.Unloaded: "UNAVAILABLE",
}
"""What the repository's index calls the states."""


def require_own(parameters: object) -> None:
    """Pass where a model is to be loaded as it was prepared.

    Args:
        parameters: of the request to load it; Triton's clients put another configuration or other files there.

    Raises:
        InvalidRequest: there are some.
    """
    if parameters:
        raise InvalidRequest(
            "a model is loaded as it was prepared: parameters with a configuration or files are not read"
        )


async def load(models: Models, name: str) -> None:
    """Load a model from the directory that the server knows for it.

    Raises:
        UnknownModel: the server knows none of this name.
        ModelNotReady: it cannot be loaded, or the server goes.
    """
    if name in models and models.draining:
        raise ModelNotReady(f"model {name!r} is not loaded: the server shuts down")
    try:
        await models.load(name)
    except TransformerModelError as error:
        raise ModelNotReady(f"model {name!r} could not be loaded: {error}") from error


async def unload(models: Models, name: str) -> None:
    """Unload a model once it has answered what it has begun.

    Raises:
        UnknownModel: the server knows none of this name.
        ModelNotReady: it is being loaded.
    """
    await models.unload(name)


class RepositoryRoutes:
    """The URLs of the repository extension."""

    def __init__(self, models: Models, max_body_bytes: int) -> None:
        self._models = models
        self._max_body_bytes = max_body_bytes

    def routes(self) -> list[Route]:
        """What is answered where."""
        return [
            Route("/v2/repository/index", self.index, methods=["GET", "POST"]),
            Route("/v2/repository/models/{name}/load", self.load, methods=["POST"]),
            Route("/v2/repository/models/{name}/unload", self.unload, methods=["POST"]),
        ]

    async def index(self, request: Request) -> JSONResponse:
        """All models and their states; with `{"ready": true}` only those that are ready."""
        asked = await self._read(request)
        only_ready = asked.get("ready") or False
        if not isinstance(only_ready, bool):
            raise InvalidRequest("ready must be true or false")
        entries = [
            {"name": entry.name, "version": entry.version, "state": TRITONS_STATE[entry.state], "reason": entry.reason}
            for entry in self._models.index
        ]
        return JSONResponse([entry for entry in entries if not only_ready or entry["state"] == "READY"])

    async def load(self, request: Request) -> JSONResponse:
        """Load a model that this server knows; answers when it is ready."""
        name = request.path_params["name"]
        require_own((await self._read(request)).get("parameters"))
        await load(self._models, name)
        return JSONResponse({"name": name, "load": True})

    async def unload(self, request: Request) -> JSONResponse:
        """Unload a model; answers when its requests are finished and its memory is free."""
        name = request.path_params["name"]
        await self._read(request)  # that others should go with it says nothing here: none depends on it
        await unload(self._models, name)
        return JSONResponse({"name": name, "unload": True})

    async def _read(self, request: Request) -> Mapping[str, Any]:
        body = await read_body(request, self._max_body_bytes)
        asked = parse_json(body) if body else {}
        if not isinstance(asked, Mapping):
            raise InvalidRequest("the body must be an object, or empty")
        return asked
