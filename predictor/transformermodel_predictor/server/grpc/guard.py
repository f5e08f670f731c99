"""Requires the bearer token of gRPC calls, in the metadata `authorization`."""

from collections.abc import Awaitable, Callable
from typing import Any

import grpc
import grpc.aio

from transformermodel_predictor.protocols.errors import Unauthorized
from transformermodel_predictor.server.routes.health import is_health_method
from transformermodel_predictor.server.token import Token


class TokenInterceptor(grpc.aio.ServerInterceptor):  # type: ignore[misc] # grpc has no types
    """Answers UNAUTHENTICATED to calls without the token; health checks need none."""

    def __init__(self, token: Token) -> None:
        self._token = token

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[grpc.RpcMethodHandler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> grpc.RpcMethodHandler:
        """Return the method's handler, or one that refuses the call."""
        handler = await continuation(handler_call_details)
        if handler is None or is_health_method(handler_call_details.method):
            return handler
        metadata = dict(handler_call_details.invocation_metadata)
        if self._token.in_header(metadata.get("authorization")):
            return handler
        return grpc.stream_stream_rpc_method_handler(_refuse)  # fits any call, before its first message is received


async def _refuse(_: Any, context: Any) -> None:  # noqa: ANN401 - grpc has no types
    await context.abort(grpc.StatusCode.UNAUTHENTICATED, str(Unauthorized()))
