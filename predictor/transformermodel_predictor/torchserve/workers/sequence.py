"""A sequence of calls of one client, which one worker answers in their order, because it remembers the earlier ones."""

import os
import uuid
from collections.abc import Mapping
from dataclasses import replace

from transformermodel_predictor.torchserve.call import Call, HandlerUnavailable
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall

_PREFIX = "ts_request_sequence_"


def _header(what: str, environment: Mapping[str, str] = os.environ) -> str:
    """A header's name, which TorchServe's variables may change; handlers see the same in their context."""
    return environment.get(f"TS_REQUEST_SEQUENCE_{what.upper()}", f"{_PREFIX}{what}").lower()


def named(call: Call) -> Call:
    """A call with its sequence's identifier: its own, its header's, or a new one where a sequence begins."""
    identifier = call.sequence_id or call.headers.get(_header("id"))
    if not identifier and _is_true(call.headers.get(_header("start"))):
        identifier = f"ts-seq-{uuid.uuid4()}"
    if not identifier:
        return call
    return replace(call, sequence_id=identifier, headers={**call.headers, _header("id"): identifier})


class CallSequence:
    """What is known of one.

    Args:
        began: when its first call came, in the event loop's time.

    Attributes:
        worker: number of the worker that answers it, None as long as none does.
        waiting: calls that wait, by their numbers.
        last_seen: when something happened to it last.
        ended: whether its handler or its client has said that it is over.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.worker: int | None = None
        self.waiting: dict[int, PendingCall] = {}
        self.last_seen = began
        self.ended = False
        self._in_hand: list[PendingCall] = []

    @property
    def is_busy(self) -> bool:
        """Whether a worker works on a call of it."""
        return bool(self._in_hand)

    def take(self, worker: int, most: int) -> list[PendingCall]:
        """Its oldest calls, for a worker that answers it from now on."""
        self.worker = worker
        taken = [self.waiting.pop(number) for number in list(self.waiting)[:most]]
        self._in_hand += taken
        return taken

    def look(self, now: float) -> None:
        """See what has become of the calls in its worker's hands."""
        for call in [call for call in self._in_hand if call.is_over]:
            self._in_hand.remove(call)
            self.last_seen = now
            self.ended = self.ended or call.call.sequence_id is None or _ends(call)

    def fail(self, reason: str) -> None:
        """Refuse what waits."""
        for call in self.waiting.values():
            call.fail(HandlerUnavailable(reason))
        self.waiting.clear()


def _ends(call: PendingCall) -> bool:
    """Whether a client or a handler has said with this call that its sequence is over."""
    said = [call.call.headers.get(_header("end"), "")]
    if not call.done.cancelled() and call.done.exception() is None:
        headers = call.done.result().headers
        said += [value for name, value in headers.items() if name.lower() == _header("end")]
    named = {word.strip() for value in said for word in value.split(";")}
    return any(_is_true(word) or word == call.call.sequence_id for word in named)


def _is_true(value: str | None) -> bool:
    return (value or "").strip().lower() == "true"
