"""The server's end of its connection with a worker."""

import asyncio
from collections.abc import Callable
from typing import cast

import msgspec

from transformermodel_predictor.torchserve.wire.frames import BrokenStream, FrameBuffer
from transformermodel_predictor.torchserve.wire.messages import ToServer, ToWorker, frame, read_by_server


class Connection(asyncio.BufferedProtocol):
    """Passes on messages as they arrive, without a task that waits for them.

    Args:
        received: called with every message.

    Attributes:
        lost: done when the connection is closed, by either side or because of an invalid message.
    """

    def __init__(self, received: Callable[[ToServer], None]) -> None:
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._received = received
        self._buffer = FrameBuffer()
        self._transport: asyncio.Transport | None = None

    def send(self, message: ToWorker) -> None:
        """Send a message; does nothing if the worker is gone."""
        if self._transport is not None:
            self._transport.write(frame(message))

    def close(self) -> None:
        """Close the connection, which makes the worker end."""
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        self._transport = cast("asyncio.Transport", transport)

    def get_buffer(self, sizehint: int) -> memoryview:
        """The buffer for the next bytes."""
        return self._buffer.space()

    def buffer_updated(self, nbytes: int) -> None:
        """Pass on the complete messages."""
        self._buffer.filled(nbytes)
        try:
            while (message := self._buffer.take()) is not None:
                self._received(read_by_server(message))
        except (BrokenStream, msgspec.DecodeError):
            self.close()

    def connection_lost(self, exc: Exception | None) -> None:
        """Resolve `lost`."""
        self._transport = None
        if not self.lost.done():
            self.lost.set_result(None)
