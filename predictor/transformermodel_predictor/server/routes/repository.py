"""The routes of V2's model repository, which load and unload the server's models."""

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from transformermodel_api.errors import TransformerModelError
from transformermodel_predictor.protocols.errors import InvalidRequest, ModelNotReady
from transformermodel_predictor.server.bodies import JSONResponse, parse_json, read_body
from transformermodel_predictor.server.models.models import Models, ModelState

TRITON_STATES: Mapping[ModelState, str] = {
    ModelState.Loading: "LOADING",
    ModelState.Ready: "READY",
    ModelState.Failed: "UNAVAILABLE",
    ModelState.Unloading: "UNLOADING",
    ModelState.Unloaded: "UNAVAILABLE",
}
"""The names of the states in the repository index."""


def refuse_load_parameters(parameters: object) -> None:
    """Refuse parameters of a load: a model can only be loaded as it was prepared.

    Args:
        parameters: of the request; Triton's clients send another configuration or other files in them.

    Raises:
        InvalidRequest: the request has parameters.
    """
    if parameters:
        raise InvalidRequest(
            "a model is loaded as it was prepared: parameters with a configuration or files are not read"
        )


async def load(models: Models, name: str) -> None:
    """Load a registered model.

    Raises:
        UnknownModel: the server has no model of this name.
        ModelNotReady: the model cannot be loaded, or the server is shutting down.
    """
    if name in models and models.draining:
        raise ModelNotReady(f"model {name!r} is not loaded: the server shuts down")
    try:
        await models.load(name)
    except TransformerModelError as error:
        raise ModelNotReady(f"model {name!r} could not be loaded: {error}") from error


async def unload(models: Models, name: str) -> None:
    """Unload a model once its requests in flight are answered.

    Raises:
        UnknownModel: the server has no model of this name.
        ModelNotReady: the model is being loaded.
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
        only_ready = (await self._read(request)).get("ready") or False
        if not isinstance(only_ready, bool):
            raise InvalidRequest("ready must be true or false")
        entries = [
            {"name": entry.name, "version": entry.version, "state": TRITON_STATES[entry.state], "reason": entry.reason}
            for entry in self._models.index
        ]
        return JSONResponse([entry for entry in entries if not only_ready or entry["state"] == "READY"])

    async def load(self, request: Request) -> JSONResponse:
        """Load a model that this server knows; answers when it is ready."""
        name = request.path_params["name"]
        refuse_load_parameters((await self._read(request)).get("parameters"))
        await load(self._models, name)
        return JSONResponse({"name": name, "load": True})

    async def unload(self, request: Request) -> JSONResponse:
        """Unload a model; answers when its requests are finished and its memory is free."""
        name = request.path_params["name"]
        await self._read(request)  # checked only: `unload_dependents` has no effect, as no model depends on another
        await unload(self._models, name)
        return JSONResponse({"name": name, "unload": True})

    async def _read(self, request: Request) -> Mapping[str, Any]:
        body = await read_body(request, self._max_body_bytes)
        document = parse_json(body) if body else {}
        if not isinstance(document, Mapping):
            raise InvalidRequest("the body must be an object, or empty")
        return document
