"""The URLs of TorchServe's management API."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.handler_rows import read_json
from transformermodel_predictor.server.exchange import JSONResponse, parse_json, read_body
from transformermodel_predictor.server.management.description import (
    handler_facts,
    list_document,
    native_facts,
    slot_document,
)
from transformermodel_predictor.server.management.parameters import (
    read_page,
    read_registration,
    read_scaling,
    wants_own_words,
)
from transformermodel_predictor.server.management.registrar import Registrar
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.models.served import runs_handler
from transformermodel_predictor.server.models.slot import ModelSlot, ModelState
from transformermodel_predictor.server.routes.openapi import openapi_document
from transformermodel_predictor.torchserve.call import Call, CallKind
from transformermodel_predictor.torchserve.handler_model import HandlerModel

_log = logging.getLogger(__name__)

_LONGEST_BODY = 64 * 1024
_ALL = "all"


class ManagementRoutes:
    """What managers of a server ask for.

    Args:
        models: the registry.
        registrar: registers archives.
    """

    def __init__(self, models: Models, registrar: Registrar) -> None:
        self._models = models
        self._registrar = registrar
        self._under_way: set[asyncio.Task[None]] = set()

    def routes(self) -> list[Route]:
        """What is answered where."""
        routes = [
            Route("/models", self.list_models),
            Route("/models", self.register, methods=["POST"]),
            Route("/models/{name}", self.describe),
            Route("/models/{name}/{version}", self.describe),
            Route("/models/{name}", self.scale, methods=["PUT"]),
            Route("/models/{name}/{version}", self.scale, methods=["PUT"]),
            Route("/models/{name}", self.unregister, methods=["DELETE"]),
            Route("/models/{name}/{version}", self.unregister, methods=["DELETE"]),
            Route("/models/{name}/{version}/set-default", self.set_default, methods=["PUT"]),
        ]
        document = openapi_document(routes)

        async def options(_: Request) -> JSONResponse:
            """The OpenAPI document of the management API."""
            return JSONResponse(document)

        return [*routes, Route("/", options, methods=["OPTIONS"])]

    async def list_models(self, request: Request) -> JSONResponse:
        """List models, a hundred per page, with the token of the next page."""
        slots = [self._models.find(name).default for name in sorted(self._models.names)]
        return JSONResponse(list_document(slots, read_page(request.query_params)))

    async def describe(self, request: Request) -> JSONResponse:
        """Describe one version of a model, or all: settings, workers, queue, and what its handler says of itself."""
        name, version = request.path_params["name"], request.path_params.get("version", "")
        versions = self._models.find(name)
        slots = versions.slots if version == _ALL else [versions.find(version)]
        own_words = wants_own_words(request.query_params)
        return JSONResponse([await self._described(slot, own_words) for slot in slots])

    async def register(self, request: Request) -> JSONResponse:
        """Register an archive of the model store as a model."""
        asked = read_registration(await _parameters(request))
        registered = await self._registrar.open(asked)
        slot, workers = registered.slot, registered.archived.settings.min_workers
        if workers and not asked.synchronous:
            self._begin(slot.load(), f"model {slot.name} version {slot.version}")
            return _status("Processing worker updates...", 202)
        await self._registrar.load(registered)
        told = f'Model "{slot.name}" Version: {slot.version} registered with {workers} initial workers'
        return _status(told if workers else f"{told}. Use scale workers API to add workers for the model.")

    async def scale(self, request: Request) -> JSONResponse:
        """Scale the workers of a version, or of the default version."""
        slot = self._slot(request)
        served = slot.served
        if not runs_handler(served):
            raise InvalidRequest(f"model {slot.name!r} has no workers: it is no archive")
        asked = read_scaling(await _parameters(request))
        if not asked.synchronous:
            self._begin(served.scale(asked.least, asked.most), f"model {slot.name} version {slot.version}")
            return _status("Processing worker updates...", 202)
        await served.scale(asked.least, asked.most)
        version = f", version: {slot.version}" if "version" in request.path_params else ""
        return _status(f"Workers scaled to {asked.least} for model: {slot.name}{version}")

    async def unregister(self, request: Request) -> JSONResponse:
        """Unregister a version, or a model with one version, once its requests are finished."""
        slot = self._slot(request)
        await self._registrar.remove(slot)
        return _status(f'Model "{slot.name}" unregistered')

    async def set_default(self, request: Request) -> JSONResponse:
        """Make a version the default, which answers where a request names none."""
        name, version = request.path_params["name"], request.path_params["version"]
        self._models.find(name).set_default(version)
        return _status(f'Default version successfully updated for model "{name}" to "{version}"')

    async def end(self) -> None:
        """Give up what is under way."""
        for task in self._under_way:
            task.cancel()
        await asyncio.gather(*self._under_way, return_exceptions=True)

    def _slot(self, request: Request) -> ModelSlot:
        return self._models.find(request.path_params["name"]).find(request.path_params.get("version", ""))

    async def _described(self, slot: ModelSlot, own_words: bool) -> dict[str, Any]:
        versions = self._models.find(slot.name)
        facts: dict[str, Any] = {"defaultVersion": slot is versions.default, "loadedAtStartup": slot.at_start}
        if slot.state is ModelState.Ready:
            served = slot.served
            facts |= handler_facts(served) if runs_handler(served) else native_facts(served.metadata)
            if own_words and runs_handler(served):
                facts["customizedMetadata"] = await _own_words(served)
        return slot_document(slot, facts)

    def _begin(self, work: Awaitable[None], subject: str) -> None:
        """Do it while the client has been answered already; what fails is told in the log and by `describe`."""

        async def do() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001 - nobody waits for it
                _log.error("%s: %s", subject, error)

        task = asyncio.create_task(do())
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)


async def _own_words(model: HandlerModel) -> Any:  # noqa: ANN401 - any JSON value
    """What the handler's `describe_handle` says."""
    return read_json(await model.call(Call(CallKind.describe, headers={"describe": "True"})))


async def _parameters(request: Request) -> Mapping[str, Any]:
    """The query, or what a body in JSON says."""
    body = await read_body(request, _LONGEST_BODY, flag=None)
    if not body or "json" not in request.headers.get("content-type", ""):
        return dict(request.query_params)
    document = parse_json(body)
    if not isinstance(document, dict):
        raise InvalidRequest("the body must be an object")
    return {**request.query_params, **document}


def _status(text: str, code: int = 200) -> JSONResponse:
    return JSONResponse({"status": text}, code)
