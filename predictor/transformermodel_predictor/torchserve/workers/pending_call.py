"""A call that waits for a worker, or is being answered by one."""

import asyncio
from collections import deque

import msgspec

from transformermodel_predictor.torchserve.call import Call, Reply
from transformermodel_predictor.torchserve.wire.messages import Row, RowPart


class PendingCall:
    """A pending call.

    Args:
        call: the call.
        number: identifies the call; increases with each call.
        arrived: time of arrival, on the event loop's clock.

    Attributes:
        request_id: identifies the call to the handler.
        done: the last or only reply, or the error that the call failed with.
        sent: whether its values have been sent to a worker.
    """

    __slots__ = ("_pieces", "_waker", "arrived", "call", "done", "number", "request_id", "sent")

    def __init__(self, call: Call, number: int, arrived: float) -> None:
        self.call = call
        self.number = number
        self.arrived = arrived
        self.request_id = call.request_id
        self.done: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.sent = False
        self._pieces: deque[Reply] = deque()
        self._waker: asyncio.Future[None] | None = None

    @property
    def is_over(self) -> bool:
        """Whether the call is answered, failed or cancelled."""
        return self.done.done()

    def row(self) -> Row:
        """The row to send to the worker; it has the call's values the first time only."""
        call = self.call
        if self.sent:
            return Row(self.number, self.request_id, dict(call.headers), None)
        self.sent = True
        parts = tuple(RowPart(part.name, memoryview(part.value), part.content_type) for part in call.parts)
        return Row(self.number, self.request_id, dict(call.headers), parts)

    def take_piece(self, piece: Reply) -> None:
        """Add a piece of the answer."""
        if not self.is_over:
            self._pieces.append(piece)
            self._wake()

    def answer(self, last: Reply) -> None:
        """Set the answer, or the last piece of it."""
        if not self.is_over:
            self.done.set_result(last)
            self._wake()

    def fail(self, error: Exception) -> None:
        """Fail the call, unless it is over."""
        if not self.is_over:
            self.done.set_exception(error)
            self._wake()

    def abandon(self) -> None:
        """Cancel the call, unless it is over."""
        if not self.done.cancel() and not self.done.cancelled():
            self.done.exception()  # retrieved, so that asyncio does not log it

    async def whole(self) -> Reply:
        """Wait for the whole answer, its pieces joined into one body. Raises the error that the call failed with."""
        last = await self.done
        if not self._pieces:
            return last
        bodies = [piece.body for piece in self._pieces]
        return msgspec.structs.replace(last, body=b"".join([*bodies, last.body]), json=False)

    async def next(self) -> Reply:
        """Wait for the next piece; the last one is the answer. Raises the error that the call failed with."""
        while not self._pieces:
            if self.done.done():
                return self.done.result()
            self._waker = self.done.get_loop().create_future()
            await self._waker
        return self._pieces.popleft()

    def _wake(self) -> None:
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)
