"""The worker's end of its connection with the server."""

import contextlib
import os
import select
import socket
import threading

from transformermodel_predictor.torchserve.wire.frames import FrameBuffer
from transformermodel_predictor.torchserve.wire.messages import ToServer, ToWorker, frame, read_by_worker


class Channel:
    """Receives in one thread, sends from any.

    Processes that the handler forks do not hold it open: the server is to see when the worker itself ends.

    Args:
        connection: a connected, blocking socket.
    """

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection
        self._buffer = FrameBuffer()
        self._sending = threading.Lock()
        os.register_at_fork(after_in_child=connection.close)

    def receive(self) -> ToWorker | None:
        """The next message; None when the server has closed the connection. Views in it hold until the next call."""
        while (message := self._buffer.take()) is None:
            count = self._received()
            if not count:
                return None
            self._buffer.filled(count)
        return read_by_worker(message)

    def _received(self) -> int:
        """How many bytes have come; none when the server is gone, also where it has left what was sent to it unread."""
        try:
            return self._socket.recv_into(self._buffer.space())
        except ConnectionError:
            return 0

    @property
    def has_more(self) -> bool:
        """Whether something has come that was not received yet."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def send(self, message: ToServer) -> None:
        """Send a message; to a server that is gone, nothing is sent: it ends while a handler loads or works."""
        framed = frame(message)
        with self._sending, contextlib.suppress(ConnectionError):
            self._socket.sendall(framed)
