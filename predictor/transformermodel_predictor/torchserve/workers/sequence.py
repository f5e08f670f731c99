"""Sequences: calls of one client that go to one worker in order, because it keeps state between them."""

import os
import uuid
from collections.abc import Mapping
from dataclasses import replace

from transformermodel_predictor.torchserve.call import Call, HandlerUnavailable
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall

_PREFIX = "ts_request_sequence_"


def _header(what: str, environment: Mapping[str, str] = os.environ) -> str:
    """The name of a header of sequences, which an environment variable may change, as for TorchServe."""
    return environment.get(f"TS_REQUEST_SEQUENCE_{what.upper()}", f"{_PREFIX}{what}").lower()


def with_sequence_id(call: Call) -> Call:
    """The call with its sequence's id: its own, that in its header, or a new one if it starts a sequence."""
    identifier = call.sequence_id or call.headers.get(_header("id"))
    if not identifier and _is_true(call.headers.get(_header("start"))):
        identifier = f"ts-seq-{uuid.uuid4()}"
    if not identifier:
        return call
    return replace(call, sequence_id=identifier, headers={**call.headers, _header("id"): identifier})


class CallSequence:
    """The state of a sequence.

    Args:
        began: time of its first call, on the event loop's clock.

    Attributes:
        worker: number of the worker that answers it; None if none does yet.
        waiting: its waiting calls, by number.
        last_seen: time of its last call or answer.
        ended: whether its handler or its client has ended it.
    """

    def __init__(self, began: float) -> None:
        self.began = began
        self.worker: int | None = None
        self.waiting: dict[int, PendingCall] = {}
        self.last_seen = began
        self.ended = False
        self._running: list[PendingCall] = []

    @property
    def is_busy(self) -> bool:
        """Whether a worker is working on one of its calls."""
        return bool(self._running)

    def take(self, worker: int, most: int) -> list[PendingCall]:
        """Take its oldest calls, for the worker that answers it from now on."""
        self.worker = worker
        taken = [self.waiting.pop(number) for number in list(self.waiting)[:most]]
        self._running += taken
        return taken

    def update(self, now: float) -> None:
        """Update the state from those of its running calls that are over by now."""
        for call in [call for call in self._running if call.is_over]:
            self._running.remove(call)
            self.last_seen = now
            self.ended = self.ended or call.call.sequence_id is None or _ends(call)

    def fail(self, reason: str) -> None:
        """Fail its waiting calls."""
        for call in self.waiting.values():
            call.fail(HandlerUnavailable(reason))
        self.waiting.clear()


def _ends(call: PendingCall) -> bool:
    """Whether the client's or the handler's headers of this call end the sequence."""
    values = [call.call.headers.get(_header("end"), "")]
    if not call.done.cancelled() and call.done.exception() is None:
        headers = call.done.result().headers
        values += [value for name, value in headers.items() if name.lower() == _header("end")]
    words = {word.strip() for value in values for word in value.split(";")}
    return any(_is_true(word) or word == call.call.sequence_id for word in words)


def _is_true(value: str | None) -> bool:
    return (value or "").strip().lower() == "true"
