"""The worker's end of its connection with the server."""

import contextlib
import os
import select
import socket
import threading

from transformermodel_predictor.torchserve.wire.frames import FrameBuffer
from transformermodel_predictor.torchserve.wire.messages import ToServer, ToWorker, frame, read_by_worker


class Channel:
    """Receives in one thread, and sends from any thread.

    Processes that the handler forks close it, so that the server notices when the worker itself ends.

    Args:
        connection: a connected, blocking socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = FrameBuffer()
        self._sending = threading.Lock()
        os.register_at_fork(after_in_child=connection.close)

    def receive(self) -> ToWorker | None:
        """The next message; None if the server has closed the connection. Its views are valid until the next call."""
        while (message := self._buffer.take()) is None:
            count = self._received()
            if not count:
                return None
            self._buffer.filled(count)
        return read_by_worker(message)

    def _received(self) -> int:
        """Receive bytes and return their number; 0 if the server is gone, even with messages of ours unread."""
        try:
            return self._socket.recv_into(self._buffer.space())
        except ConnectionError:
            return 0

    @property
    def has_more(self) -> bool:
        """Whether received bytes are waiting to be read."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def send(self, message: ToServer) -> None:
        """Send a message. Does nothing if the server is gone, which may happen while a handler loads or works."""
        framed = frame(message)
        with self._sending, contextlib.suppress(ConnectionError):
            self._socket.sendall(framed)
