"""A client of HTTP/1.1 that does as little as can be: thousands of requests cost a test little more than the server."""

import asyncio
import re
from typing import Any, Self

import orjson

_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


def post(path: str, body: bytes) -> bytes:
    """A request as it goes over the wire."""
    lines = (f"POST {path} HTTP/1.1", "host: test", "content-type: application/json", f"content-length: {len(body)}")
    return "\r\n".join((*lines, "", "")).encode() + body


class Connection:
    """One connection, which stays open from request to request. A context."""

    def __init__(self, port: int) -> None:
        self._port = port

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def ask(self, request: bytes) -> tuple[int, Any]:
        """The status and the JSON value of the answer."""
        self._writer.write(request)
        head = await self._reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        assert length is not None, head
        return int(head[9:12]), orjson.loads(await self._reader.readexactly(int(length[1])))

    async def ask_and_go(self, request: bytes) -> None:
        """Send a request and close the connection without waiting for the answer."""
        self._writer.write(request)
        await self._writer.drain()
        self._writer.transport.abort()
