"""The gRPC server beside the HTTP server, on the same event loop."""

import asyncio
import socket

import grpc
import grpc.aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from transformermodel_api.errors import UserError
from transformermodel_predictor.protocols.messages import SERVICE
from transformermodel_predictor.server.certificate import KeyPair
from transformermodel_predictor.server.grpc.guard import TokenInterceptor
from transformermodel_predictor.server.grpc.health import HealthServicer
from transformermodel_predictor.server.grpc.servicer import InferenceServicer
from transformermodel_predictor.server.inference import Inference
from transformermodel_predictor.server.models.models import Models
from transformermodel_predictor.server.options import ServerOptions

_HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name
_UNLIMITED = -1


class GRPCServer:
    """V2, health and reflection over gRPC. To be created on the event loop.

    Args:
        models: the registry; its models may become ready later.
        inference: runs requests.
        options: the server's options.
    """

    def __init__(self, models: Models, inference: Inference, options: ServerOptions) -> None:
        self._options = options
        self._ends = asyncio.Event()
        self._server = grpc.aio.server(
            interceptors=[] if options.token is None else [TokenInterceptor(options.token)],
            options=[
                ("grpc.so_reuseport", 1),  # shares the port with the socket that reserves it
                ("grpc.max_receive_message_length", options.max_body_bytes),
                ("grpc.max_send_message_length", _UNLIMITED),
            ],
        )
        servicer = InferenceServicer(models, inference, self._ends, options.max_body_bytes)
        self._server.add_generic_rpc_handlers((servicer.handlers(),))
        self._health = HealthServicer(models)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection((SERVICE, _HEALTH, reflection.SERVICE_NAME), self._server)

    async def start(self, holder: socket.socket) -> int:
        """Listen and serve; return the port.

        Args:
            holder: the socket that reserves the port.

        Raises:
            UserError: gRPC cannot listen on the port nevertheless.
        """
        host, port = self._options.address, holder.getsockname()[1]
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        try:
            self._listen(address)
        except RuntimeError as error:
            raise UserError(f"gRPC cannot listen on {address}. Name another port with --grpc-port.") from error
        await self._server.start()
        return int(port)

    async def close_after(self, closing: asyncio.Event) -> None:
        """Wait for the event, then take no new calls and let those in flight finish."""
        await closing.wait()
        self._health.end()
        asyncio.get_running_loop().call_later(self._options.finish_seconds, self._ends.set)
        await self._server.stop(self._options.finish_seconds)

    async def end(self) -> None:
        """End at once, cancelling calls in flight."""
        self._ends.set()
        await self._server.stop(None)

    def _listen(self, address: str) -> None:
        certificate, key = self._options.certificate, self._options.key
        if certificate is None or key is None:
            self._server.add_insecure_port(address)
            return
        pair = KeyPair(certificate, key)
        credentials = grpc.dynamic_ssl_server_credentials(
            _certificate_configuration(pair), lambda: _certificate_configuration(pair) if pair.renewed() else None
        )
        self._server.add_secure_port(address, credentials)


def _certificate_configuration(pair: KeyPair) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([pair.pem()])
