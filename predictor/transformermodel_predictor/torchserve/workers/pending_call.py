"""A call on its way through the workers, and who waits for its answer."""

import asyncio
from collections import deque

import msgspec

from transformermodel_predictor.torchserve.call import Call, Reply
from transformermodel_predictor.torchserve.wire.messages import Row, RowPart


class PendingCall:
    """One call.

    Args:
        call: what is asked.
        number: identifies it; those that came later have higher ones.
        arrived: when it came, in the event loop's time.

    Attributes:
        request_id: identifies it to the handler.
        done: the answer, or why there is none.
        sent: whether a worker has its values.
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
        """Whether nobody waits for it any more."""
        return self.done.done()

    def row(self) -> Row:
        """The call as it is sent; its values only the first time."""
        call = self.call
        if self.sent:
            return Row(self.number, self.request_id, dict(call.headers), None)
        self.sent = True
        parts = tuple(RowPart(part.name, memoryview(part.value), part.content_type) for part in call.parts)
        return Row(self.number, self.request_id, dict(call.headers), parts)

    def take_piece(self, piece: Reply) -> None:
        """A piece of the answer has come."""
        if not self.is_over:
            self._pieces.append(piece)
            self._wake()

    def answer(self, last: Reply) -> None:
        """The answer, or the last piece of it, has come."""
        if not self.is_over:
            self.done.set_result(last)
            self._wake()

    def fail(self, error: Exception) -> None:
        """There will be no answer."""
        if not self.is_over:
            self.done.set_exception(error)
            self._wake()

    def abandon(self) -> None:
        """Nobody waits any more."""
        if not self.done.cancel() and not self.done.cancelled():
            self.done.exception()  # nobody was there to be told

    async def whole(self) -> Reply:
        """The answer, as one body where it came in pieces. Raises what the call failed with."""
        last = await self.done
        if not self._pieces:
            return last
        bodies = [piece.body for piece in self._pieces]
        return msgspec.structs.replace(last, body=b"".join([*bodies, last.body]), json=False)

    async def next(self) -> Reply:
        """The next piece, the answer last. Raises what the call failed with."""
        while not self._pieces:
            if self.done.done():
                return self.done.result()
            self._waker = self.done.get_loop().create_future()
            await self._waker
        return self._pieces.popleft()

    def _wake(self) -> None:
        if self._waker is not None and not self._waker.done():
            self._waker.set_result(None)
