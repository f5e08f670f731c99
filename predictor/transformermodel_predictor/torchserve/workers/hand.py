"""The calls that a worker has in its hands."""

from collections.abc import Sequence

from transformermodel_predictor.torchserve.call import CallKind, HandlerFailed, Reply
from transformermodel_predictor.torchserve.wire.messages import Batch
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall


class Hand:
    """A batch, from step to step: calls that are not answered in one stay in it.

    Attributes:
        kind: what is asked by all of them.
        calls: in the order of the batch's rows.
    """

    def __init__(self) -> None:
        self.kind: CallKind | None = None
        self.calls: list[PendingCall] = []
        self._left: list[int] = []

    def step(self, joining: Sequence[PendingCall]) -> Batch | None:
        """The next batch, of the calls that stay and those that join; None if there are none.

        Calls that nobody waits for any more are left out, and the worker is told.
        """
        self._distinguish(joining)
        calls = [*self.calls, *joining]
        self._left += [call.number for call in calls if call.is_over and call.sent]
        self.calls = [call for call in calls if not call.is_over]
        if not self.calls:
            self.kind = None
            return None
        self.kind = self.calls[0].call.kind
        left, self._left = tuple(self._left), []
        return Batch(self.kind, tuple(call.row() for call in self.calls), left)

    @property
    def is_pointless(self) -> bool:
        """Whether it holds calls, and nobody waits for any of them."""
        return bool(self.calls) and all(call.is_over for call in self.calls)

    def take_pieces(self, pieces: Sequence[tuple[int, Reply]]) -> None:
        """Pieces have come, by the places of their calls."""
        for place, piece in pieces:
            self.calls[place].take_piece(piece)

    def take_answers(self, replies: Sequence[Reply]) -> list[PendingCall]:
        """The answers have come; return the calls that are finished."""
        finished, staying = [], []
        for call, reply in zip(self.calls, replies, strict=True):
            if reply.more:
                call.take_piece(reply)
                staying.append(call)
            else:
                call.answer(reply)
                finished.append(call)
        self.calls = staying
        if not staying:
            self.kind = None
        return finished

    def fail(self, message: str, status: int) -> list[PendingCall]:
        """No call is answered; return all of them."""
        calls, self.calls, self.kind = self.calls, [], None
        for call in calls:
            call.fail(HandlerFailed(message, status))
        return calls

    def _distinguish(self, joining: Sequence[PendingCall]) -> None:
        """Have no two calls of one identifier, by which handlers tell rows apart: clients may choose them."""
        here = {call.request_id for call in self.calls}
        for call in joining:
            if not call.request_id or call.request_id in here:
                call.request_id = f"{call.request_id}-{call.number}".removeprefix("-")
            here.add(call.request_id)
