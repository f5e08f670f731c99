"""A connection of the HTTP server that bounds what one client may take, in memory and in time."""

import asyncio
import re

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

PATIENCE_SECONDS = 60.0
"""So long a request may take to come in, and an answer that is waiting may go without a byte being read."""

_HEAD_END = b"\r\n\r\n"
_UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)
_IGNORED = b"\r\nx-upgrade:"

_MOST_UNREAD_BYTES = 128 * 1024
"""Of a head, or of what stands between the parts of a body; the parser itself has no bound."""


class PatientProtocol(HttpToolsProtocol):
    """uvicorn's protocol for HTTP/1.1, with an end to its patience.

    A client may send its request as slowly as it likes, and leave the answer unread: each time it holds a connection,
    and with it maybe a model that is to be unloaded. Whoever looks after the server asks each connection now and then
    to `end_if_stuck`, so that a request costs no timer.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn has it
        """Begin to wait for a request."""
        super().connection_made(transport)
        self._reading_since: float | None = self.loop.time()
        self._writing_since: float | None = None
        self._unread = 0
        self._begun = False
        self._cycles: list[RequestResponseCycle] = []

    def data_received(self, data: bytes) -> None:
        """Read on; a head that does not end is refused."""
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
        """Note the request: of several that were sent at once, uvicorn tells only the last that its client has gone."""
        self._unread = 0
        super().on_headers_complete()
        waiting = [cycle for cycle in self._cycles if not cycle.response_complete] if self.pipeline else []
        self._cycles = [*waiting, self.cycle]

    def on_body(self, body: bytes) -> None:
        """A part of the body."""
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The request is here."""
        self._unread = 0
        self._begun = False
        self._reading_since = None
        super().on_message_complete()

    def pause_writing(self) -> None:
        """Begin to wait for the client to read."""
        self._writing_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """It has read."""
        self._writing_since = None
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell every request that nobody waits for its answer any more."""
        for cycle in self._cycles:
            if not cycle.response_complete:
                cycle.disconnected = True
                cycle.message_event.set()
        self._cycles.clear()
        super().connection_lost(exc)

    def end_if_stuck(self) -> None:
        """Close the connection where its client has been waited for too long."""
        latest = self.loop.time() - PATIENCE_SECONDS
        if self._reading_since is not None and self._is_answering():
            self._reading_since = self.loop.time()  # what comes next is not read meanwhile
        for since in (self._reading_since, self._writing_since):
            if since is not None and since < latest:
                self.transport.abort()
                return

    def _is_answering(self) -> bool:
        """Whether a request that is here as a whole has no answer yet."""
        return any(not (cycle.more_body or cycle.response_complete) for cycle in self._cycles)


def _without_upgrade(data: bytes) -> bytes:
    """What begins a request, with an offer of another protocol renamed.

    Java's own client offers HTTP/2 with every request. An offer may be ignored, but the parser would ignore the body
    of the request with it.
    """
    if b"pgrade:" not in data:
        return data
    end = data.find(_HEAD_END)
    head = data if end < 0 else data[:end]
    return _UPGRADE.sub(_IGNORED, head) + data[len(head) :]
