"""The batch on which a worker is working."""

from collections.abc import Sequence

from transformermodel_predictor.torchserve.call import CallKind, HandlerFailed, Reply
from transformermodel_predictor.torchserve.wire.messages import Batch
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall


class CurrentBatch:
    """A worker's batch, from step to step: calls that a step does not finish stay in it.

    Attributes:
        kind: the kind of all calls; None while there are none.
        calls: the calls, in the order of the batch's rows.
    """

    def __init__(self) -> None:
        self.kind: CallKind | None = None
        self.calls: list[PendingCall] = []
        self._left: list[int] = []

    def step(self, joining: Sequence[PendingCall]) -> Batch | None:
        """The message for the next step, with the calls that stay and those that join; None if there are none.

        Calls for which no client waits any more are left out, and the worker can drop their values.
        """
        self._make_ids_unique(joining)
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
        """Whether it has calls, and no client waits for any of them."""
        return bool(self.calls) and all(call.is_over for call in self.calls)

    def take_pieces(self, pieces: Sequence[tuple[int, Reply]]) -> None:
        """Pass pieces on to their calls, which are given by row index."""
        for row, piece in pieces:
            self.calls[row].take_piece(piece)

    def take_answers(self, replies: Sequence[Reply]) -> list[PendingCall]:
        """Pass answers on to the calls; return the calls that are finished."""
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
        """Fail all calls, and return them."""
        calls, self.calls, self.kind = self.calls, [], None
        for call in calls:
            call.fail(HandlerFailed(message, status))
        return calls

    def _make_ids_unique(self, joining: Sequence[PendingCall]) -> None:
        """Make request ids unique within the batch: handlers tell rows apart by them, and clients choose them."""
        taken = {call.request_id for call in self.calls}
        for call in joining:
            if not call.request_id or call.request_id in taken:
                call.request_id = f"{call.request_id}-{call.number}".removeprefix("-")
            taken.add(call.request_id)
