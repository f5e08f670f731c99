"""Iterates over the replies to one call."""

from collections.abc import Callable
from typing import Self

from transformermodel_predictor.torchserve.call import Reply
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall


class PendingReplies:
    """The pieces of a call's answer, as they arrive. Implements `Replies`.

    Args:
        pending: the call.
        leave: called once, when the call is answered, has failed, or its client has gone.
    """

    __slots__ = ("_leave", "_pending")

    def __init__(self, pending: PendingCall, leave: Callable[[PendingCall], None]) -> None:
        self._pending: PendingCall | None = pending
        self._leave = leave

    def __aiter__(self) -> Self:
        """Return self."""
        return self

    async def __anext__(self) -> Reply:
        """Wait for the next piece. Raises the error that the call failed with."""
        if self._pending is None:
            raise StopAsyncIteration
        try:
            reply = await self._pending.next()
        except BaseException:
            self._end()
            raise
        if not reply.more:
            self._end()
        return reply

    async def aclose(self) -> None:
        """Cancel the call, unless it is answered."""
        self._end()

    def _end(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None:
            self._leave(pending)
