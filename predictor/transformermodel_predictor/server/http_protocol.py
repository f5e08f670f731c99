"""HTTP connections that limit the memory and the time which a single client can take."""

import asyncio
import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from transformermodel_predictor.server.joined_writes import JoinedWrites

PATIENCE_SECONDS = 60.0
"""Most seconds for a request to arrive, and for a client to read nothing of an answer."""

_HEAD_END = b"\r\n\r\n"
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_IGNORED = b"\r\nx-upgrade:"

_MOST_UNREAD_BYTES = 128 * 1024
"""Most bytes of a head, or between two parts of a chunked body; the parser itself has no limit."""


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol for HTTP/1.1, with time limits for slow clients.

    A client that sends its request slowly, or does not read the answer, holds a connection, and possibly a model that
    is to be unloaded. The server calls `end_if_stuck` on each connection regularly, so that requests need no timers.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Start waiting for a request."""
        super().connection_made(JoinedWrites(transport, self.loop))
        self._reading_since: float | None = self.loop.time()
        self._writing_since: float | None = None
        self._unread = 0
        self._begun = False
        self._cycles: list[RequestResponseCycle] = []

    def data_received(self, data: bytes) -> None:
        """Parse further data; a head that is too large is refused."""
        if self._reading_since is None:
            self._reading_since = self.loop.time()
        if not self._begun:
            self._begun = True
            data = _without_upgrade(data)
        self._unread += len(data)
        super().data_received(data)
        if self._unread > _MOST_UNREAD_BYTES and not self.transport.is_closing():
            self.send_400_response("The head of the request is too large.")

    def on_headers_complete(self) -> None:
        """Note the request: uvicorn reports a disconnect only to the last one of several pipelined requests."""
        self._unread = 0
        super().on_headers_complete()
        waiting = [cycle for cycle in self._cycles if not cycle.response_complete] if self.pipeline else []
        self._cycles = [*waiting, self.cycle]

    def on_body(self, body: bytes) -> None:
        """Pass on a part of the body."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """Stop waiting: the request has arrived."""
        self._unread = 0
        self._begun = False
        self._reading_since = None
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Start waiting for the client to read."""
        self._writing_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Stop waiting: the client has read."""
        self._writing_since = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Report the disconnect to all requests that are not answered yet."""
        for cycle in self._cycles:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self._cycles.clear()
        super().connection_lost(exc)

    def end_if_stuck(self) -> None:
        """Close the connection if its client has kept it waiting for too long."""
        latest = self.loop.time() - PATIENCE_SECONDS
        if self._reading_since is not None and self._is_answering():
            self._reading_since = self.loop.time()  # the next request is not read while this one is answered
        for since in (self._reading_since, self._writing_since):
            if since is not None and since < latest:
                self.transport.abort()
                return

    def _is_answering(self) -> bool:
        """Whether a request that has fully arrived is not answered yet."""
        return any(not (cycle.more_body or cycle.response_complete) for cycle in self._cycles)


def _without_upgrade(data: bytes) -> bytes:
    """The beginning of a request, with its header Upgrade renamed.

    Java's HTTP client offers HTTP/2 with every request. A server may ignore the offer, but httptools then ignores the
    request's body as well.
    """
    if b"pgrade:" not in data:
        return data
    end = data.find(_HEAD_END)
    head = data if end < 0 else data[:end]
    return _UPGRADE.sub(_IGNORED, head) + data[len(head) :]
