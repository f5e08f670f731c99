"""grpc.health.v1, which Kubernetes' gRPC probes and load balancers call."""

import asyncio
from collections.abc import AsyncIterator

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc

from transformermodel_predictor.protocols.errors import ModelNotReady, UnknownModel
from transformermodel_predictor.protocols.messages import SERVICE, AnyMessage
from transformermodel_predictor.server.grpc.call import Context
from transformermodel_predictor.server.models.models import Models

_Status = health_pb2.HealthCheckResponse


class HealthServicer(health_pb2_grpc.HealthServicer):  # type: ignore[misc] # generated, without types
    """The health of the server, as the empty service or V2's, and of each model, as the service of its name."""

    def __init__(self, models: Models) -> None:
        self._models = models
        self._ended = asyncio.Event()

    def end(self) -> None:
        """End all calls of Watch, for which a closing server would otherwise wait."""
        self._ended.set()

    async def Check(self, request: AnyMessage, context: Context) -> AnyMessage:  # noqa: N802 - the protocol's name
        """The current health."""
        status = self._status(request.service)
        if status == _Status.SERVICE_UNKNOWN:
            await context.abort(grpc.StatusCode.NOT_FOUND, f"there is no service or model {request.service!r} here")
        return _Status(status=status)

    async def Watch(self, request: AnyMessage, context: Context) -> AsyncIterator[AnyMessage]:  # noqa: N802 - as above
        """The current health, and each change of it."""
        sent = None
        while not self._ended.is_set():
            status = self._status(request.service)
            if status == sent:
                await self._wait_for_change()
            else:
                yield _Status(status=status)
                sent = status

    async def _wait_for_change(self) -> None:
        """Return when a model's state has changed, or the server closes."""
        waiting = [asyncio.create_task(self._models.changed()), asyncio.create_task(self._ended.wait())]
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in waiting:
                task.cancel()

    def _status(self, service: str) -> int:
        serving, not_serving = int(_Status.SERVING), int(_Status.NOT_SERVING)
        if service in ("", SERVICE):
            return serving if self._models.ready else not_serving
        try:
            self._models.require_ready(service)
        except UnknownModel:
            return int(_Status.SERVICE_UNKNOWN)
        except ModelNotReady:
            return not_serving
        return serving
