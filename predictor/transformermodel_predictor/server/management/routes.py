"""The URLs of TorchServe's management API."""

import asyncio
import logging
from collections.abc import Awaitable, Mapping
from typing import Any

from starlette.requests import Request
from starlette.routing import Route

from transformermodel_predictor.protocols.errors import InvalidRequest
from transformermodel_predictor.protocols.handler_rows import read_json
from transformermodel_predictor.server.bodies import JSONResponse, parse_json, read_body
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
    wants_customized,
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
    """The endpoints of the management API.

    Args:
        models: the registry.
        registrar: registers archives.
    """

    def __init__(self, models: Models, registrar: Registrar) -> None:
        self._models = models
        self._registrar = registrar
        self._background: set[asyncio.Task[None]] = set()

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
        customized = wants_customized(request.query_params)
        return JSONResponse([await self._describe_slot(slot, customized) for slot in slots])

    async def register(self, request: Request) -> JSONResponse:
        """Register an archive of the model store as a model."""
        registration = read_registration(await _parameters(request))
        registered = await self._registrar.open(registration)
        slot, workers = registered.slot, registered.archived.settings.min_workers
        if workers and not registration.synchronous:
            self._run_in_background(slot.load(), f"model {slot.name} version {slot.version}")
            return _status("Processing worker updates...", 202)
        await self._registrar.load(registered)
        message = f'Model "{slot.name}" Version: {slot.version} registered with {workers} initial workers'
        return _status(message if workers else f"{message}. Use scale workers API to add workers for the model.")

    async def scale(self, request: Request) -> JSONResponse:
        """Scale the workers of a version, or of the default version."""
        slot = self._slot(request)
        served = slot.served
        if not runs_handler(served):
            raise InvalidRequest(f"model {slot.name!r} has no workers: it is no archive")
        scaling = read_scaling(await _parameters(request))
        if not scaling.synchronous:
            self._run_in_background(
                served.scale(scaling.least, scaling.most), f"model {slot.name} version {slot.version}"
            )
            return _status("Processing worker updates...", 202)
        await served.scale(scaling.least, scaling.most)
        version = f", version: {slot.version}" if "version" in request.path_params else ""
        return _status(f"Workers scaled to {scaling.least} for model: {slot.name}{version}")

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
        """Cancel the background tasks."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)

    def _slot(self, request: Request) -> ModelSlot:
        return self._models.find(request.path_params["name"]).find(request.path_params.get("version", ""))

    async def _describe_slot(self, slot: ModelSlot, customized: bool) -> dict[str, Any]:
        versions = self._models.find(slot.name)
        facts: dict[str, Any] = {"defaultVersion": slot is versions.default, "loadedAtStartup": slot.at_start}
        if slot.state is ModelState.Ready:
            served = slot.served
            facts |= handler_facts(served) if runs_handler(served) else native_facts(served.metadata)
            if customized and runs_handler(served):
                facts["customizedMetadata"] = await _custom_description(served)
        return slot_document(slot, facts)

    def _run_in_background(self, work: Awaitable[None], subject: str) -> None:
        """Run work after the client has been answered; `describe` and the log report its failure."""

        async def do() -> None:
            try:
                await work
            except Exception as error:  # noqa: BLE001 - no client waits for the result
                _log.error("%s: %s", subject, error)

        task = asyncio.create_task(do())
        self._background.add(task)
        task.add_done_callback(self._background.discard)


async def _custom_description(model: HandlerModel) -> Any:  # noqa: ANN401 - any JSON value
    """The result of the handler's `describe_handle`."""
    return read_json(await model.call(Call(CallKind.describe, headers={"describe": "True"})))


async def _parameters(request: Request) -> Mapping[str, Any]:
    """The parameters in the query, overridden by those in a JSON body."""
    body = await read_body(request, _LONGEST_BODY, flag=None)
    if not body or "json" not in request.headers.get("content-type", ""):
        return dict(request.query_params)
    document = parse_json(body)
    if not isinstance(document, dict):
        raise InvalidRequest("the body must be an object")
    return {**request.query_params, **document}


def _status(text: str, code: int = 200) -> JSONResponse:
    return JSONResponse({"status": text}, code)
