"""Ports for servers that are started here."""

import socket
from contextlib import ExitStack


def free_port() -> int:
    """A port that nobody listens on, with two free ones after it."""
    while True:
        with ExitStack() as stack:
            try:
                first = stack.enter_context(socket.socket())
                first.bind(("127.0.0.1", 0))
                port: int = first.getsockname()[1]
                for further in (port + 1, port + 2):
                    stack.enter_context(socket.socket()).bind(("127.0.0.1", further))
            except (OSError, OverflowError):
                continue
            return port
