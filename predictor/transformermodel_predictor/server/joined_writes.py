"""A transport that sends a response's head together with its body."""

import asyncio
from typing import Any

_LARGE = 64 * 1024
"""Bytes from which copying takes longer than another call of the kernel."""


class JoinedWrites(asyncio.Transport):
    """Holds what is written until the next write, or else until the event loop's next turn, and sends both at once.

    uvicorn writes the head by itself. Every call of the kernel wakes the client, which then waits again for the body.

    Args:
        transport: the connection.
        loop: the event loop, in which alone the transport is used.
    """

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._transport = transport
        self._loop = loop
        self._held = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Send the data, now or soon."""
        held, self._held = self._held, b""
        if len(data) >= _LARGE:
            if held:
                self._transport.write(held)
            self._transport.write(data)
        elif held:
            self._transport.write(held + data)
        elif data:
            self._held = bytes(data)
            self._loop.call_soon(self._send_held)

    def close(self) -> None:
        """Send what is held, and close the connection."""
        self._send_held()
        self._transport.close()

    def abort(self) -> None:
        """Close the connection at once."""
        self._held = b""
        self._transport.abort()

    def is_closing(self) -> bool:
        """See `asyncio.Transport`."""
        return self._transport.is_closing()

    def pause_reading(self) -> None:
        """See `asyncio.Transport`."""
        self._transport.pause_reading()

    def resume_reading(self) -> None:
        """See `asyncio.Transport`."""
        self._transport.resume_reading()

    def get_extra_info(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as asyncio has it
        """See `asyncio.Transport`."""
        return self._transport.get_extra_info(name, default)

    def _send_held(self) -> None:
        held, self._held = self._held, b""
        if held and not self._transport.is_closing():
            self._transport.write(held)
