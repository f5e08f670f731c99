"""Giving up on a client that has gone."""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

from starlette.requests import Request

from transformermodel_predictor.protocols.errors import ClientGone

_Result = TypeVar("_Result")

_UNWATCHED_SECONDS = 0.02
"""So long work goes on for a client that may have gone: to watch from the beginning would cost every request a task."""


async def while_connected(request: Request, work: Awaitable[_Result]) -> _Result:
    """What the work returns; it is cancelled when the client goes. To be called once the body has been read.

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
    """Cancels the task of a request when its client goes. It begins late: what is answered at once needs none.

    Args:
        request: whose body has been read.
        working: the task.

    Attributes:
        client_gone: whether the client has gone, and the task is cancelled.
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
        """Watch no more."""
        self._under_way.cancel()

    def _begin(self) -> None:
        self._under_way = self._working.get_loop().create_task(self._wait())

    async def _wait(self) -> None:
        await self._request.receive()  # nothing comes any more but the news that the client has gone
        self.client_gone = True
        self._working.cancel()
