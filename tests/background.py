"""HTTP servers that answer a test from a thread of its own process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from typing import TypeVar

S = TypeVar("S", bound=HTTPServer)


@contextmanager
def in_thread(server: S) -> Iterator[S]:
    """Serve in a thread of this process for as long as the block runs, then close the server."""
    with server:
        # By default its end is noticed only every half a second.
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
