"""What a worker prints, as lines of the server's log."""

import asyncio
import logging

_log = logging.getLogger("transformermodel.handler")

_LONGEST_LINE = 8192
"""Bytes; what is longer is logged in several lines."""


class OutputLog(asyncio.Protocol):
    """Logs lines with the model's name before them, as soon as they are whole.

    Args:
        model: the model's name.
        number: the worker's.
    """

    def __init__(self, model: str, number: int) -> None:
        self._origin = f"{model} worker {number}"
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Log what is whole."""
        *lines, rest = (self._rest + data).split(b"\n")
        while len(rest) > _LONGEST_LINE:
            lines.append(rest[:_LONGEST_LINE])
            rest = rest[_LONGEST_LINE:]
        self._rest = rest
        for line in lines:
            self._write(line)

    def connection_lost(self, exc: Exception | None) -> None:
        """Log what is left."""
        if self._rest:
            self._write(self._rest)
            self._rest = b""

    def _write(self, line: bytes) -> None:
        text = line.decode("utf-8", "backslashreplace").rstrip("\r")
        _log.info("%s: %s", self._origin, text)
