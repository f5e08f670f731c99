"""Cancels the work for a client that has disconnected."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.requests import Request

from transformermodel_predictor.protocols.errors import ClientGone

_Result = TypeVar("_Result")

_UNWATCHED_SECONDS = 0.02
"""How long work runs before the connection is watched: watching costs a task, which short requests are spared."""


async def while_connected(request: Request, work: Awaitable[_Result]) -> _Result:
    """Await work, and cancel it if the client disconnects. To be called once the body has been read.

    Raises:
        ClientGone: the client closed the connection first.
    """
    working = asyncio.current_task()
    if working is None:
        raise RuntimeError("requests are answered in tasks")
    watch = _Watch(request, working)
    try:
        return await work
    except asyncio.CancelledError:
        if watch.client_gone and not working.uncancel():
            raise ClientGone from None
        raise
    finally:
        watch.end()


class _Watch:
    """Cancels the task of a request when its client disconnects; starts after `_UNWATCHED_SECONDS`.

    Args:
        request: the request, whose body has been read.
        working: the task that answers it.

    Attributes:
        client_gone: whether the client has disconnected, so that the task has been cancelled.
    """

    __slots__ = ("_request", "_under_way", "_working", "client_gone")

    def __init__(self, request: Request, working: asyncio.Task[Any]) -> None:
        self.client_gone = False
        self._request = request
        self._working = working
        self._under_way: asyncio.Handle | asyncio.Task[None] = working.get_loop().call_later(
            _UNWATCHED_SECONDS, self._begin
        )

    def end(self) -> None:
        """Stop watching."""
        self._under_way.cancel()

    def _begin(self) -> None:
        self._under_way = self._working.get_loop().create_task(self._wait())

    async def _wait(self) -> None:
        await self._request.receive()  # after the body the only message is the disconnect
        self.client_gone = True
        self._working.cancel()
