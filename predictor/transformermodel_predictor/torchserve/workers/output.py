"""Logs what a worker prints."""

import asyncio
import logging

_log = logging.getLogger("transformermodel.handler")

_LONGEST_LINE = 8192
"""Most bytes of a line; longer ones are split."""


class OutputLog(asyncio.Protocol):
    """Logs complete lines, with the model's name as a prefix.

    Args:
        model: the model's name.
        number: the worker's number.
    """

    def __init__(self, model: str, number: int) -> None:
        self._origin = f"{model} worker {number}"
        self._rest = b""

    def data_received(self, data: bytes) -> None:
        """Log the complete lines."""
        *lines, rest = (self._rest + data).split(b"\n")
        while len(rest) > _LONGEST_LINE:
            lines.append(rest[:_LONGEST_LINE])
            rest = rest[_LONGEST_LINE:]
        self._rest = rest
        for line in lines:
            self._write(line)

    def connection_lost(self, exc: Exception | None) -> None:
        """Log the rest."""
        if self._rest:
            self._write(self._rest)
            self._rest = b""

    def _write(self, line: bytes) -> None:
        text = line.decode("utf-8", "backslashreplace").rstrip("\r")
        _log.info("%s: %s", self._origin, text)
