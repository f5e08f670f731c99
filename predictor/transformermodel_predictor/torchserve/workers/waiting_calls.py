"""Calls that wait for a worker, and which of them make a batch."""

from collections.abc import Iterator
from typing import Protocol

from transformermodel_predictor.torchserve.call import CallKind, HandlerUnavailable
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings
from transformermodel_predictor.torchserve.workers.patience import Patience
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall


class Waiting(Protocol):
    """Calls that wait. Times are the event loop's."""

    def __len__(self) -> int:
        """How many wait."""
        ...

    def add(self, call: PendingCall) -> None:
        """Have another one wait.

        Raises:
            HandlerUnavailable: too many do.
        """
        ...

    def discard(self, call: PendingCall) -> None:
        """Forget one that nobody waits for any more."""
        ...

    def release(self, worker: int) -> None:
        """Let others have what only this worker was to be given: it is no more."""
        ...

    def take(self, worker: int, room: int, kind: CallKind | None, now: float) -> list[PendingCall]:
        """Take the calls that a worker is to be given now; none if it is better to wait for others.

        Args:
            worker: the worker's number.
            room: most calls that it can take.
            kind: of the calls that it is working on, which others may join; None if it is free.
            now: the time.
        """
        ...

    def next_change(self, now: float, *, free: bool = True) -> float | None:
        """When something that waits is due by itself, or too late; None if nothing will be.

        Args:
            now: the time.
            free: whether a worker is there that takes what is due.
        """
        ...

    def __iter__(self) -> Iterator[PendingCall]:
        """Those that wait."""
        ...


class WaitingCalls:
    """One queue for all workers; calls of one kind make a batch, the oldest call's kind first.

    Args:
        model: the model's name, for messages.
        settings: size of the queue, and when a batch is large or old enough.
    """

    def __init__(self, model: str, settings: WorkerSettings) -> None:
        self._model = model
        self._most = settings.queue_size
        self._delay = 0.0 if settings.continuous_batching else settings.max_batch_delay / 1000
        self._patience = Patience(model, settings)
        self._of_kind: dict[CallKind, dict[int, PendingCall]] = {kind: {} for kind in CallKind}

    def __len__(self) -> int:
        """How many wait."""
        return sum(map(len, self._of_kind.values()))

    def add(self, call: PendingCall) -> None:
        """Have another one wait, unless too many do."""
        if len(self) >= self._most:
            raise HandlerUnavailable(f"{self._most} calls wait for the model {self._model} already (jobQueueSize)")
        self._of_kind[call.call.kind][call.number] = call

    def discard(self, call: PendingCall) -> None:
        """Forget one that nobody waits for any more."""
        self._of_kind[call.call.kind].pop(call.number, None)

    def release(self, worker: int) -> None:
        """Nothing is for one worker alone."""

    def take(self, worker: int, room: int, kind: CallKind | None, now: float) -> list[PendingCall]:
        """Take the oldest calls of a kind, once there are enough of them or the oldest has waited long enough."""
        for calls in self._of_kind.values():
            self._patience.refuse_late(calls, now)
        for each in self._by_age() if kind is None else [kind]:
            if kind is not None or self._is_due(each, room, now):
                return self._oldest(each, 1 if each is CallKind.describe else room)
        return []

    def next_change(self, now: float, *, free: bool = True) -> float | None:
        """When the first batch is old enough, or the first call too old."""
        if not free and not self._patience.ends_ever:
            return None
        heads = [next(iter(calls.values())) for calls in self._of_kind.values() if calls]
        due = [head.arrived + self._delay for head in heads if free]
        late = [end for head in heads if (end := self._patience.ends(head)) is not None]
        return min((time for time in (*due, *late) if time > now), default=None)

    def __iter__(self) -> Iterator[PendingCall]:
        """Those that wait."""
        return iter([call for calls in self._of_kind.values() for call in calls.values()])

    def _by_age(self) -> list[CallKind]:
        kinds = [kind for kind, calls in self._of_kind.items() if calls]
        return sorted(kinds, key=lambda kind: next(iter(self._of_kind[kind]))) if len(kinds) > 1 else kinds

    def _is_due(self, kind: CallKind, room: int, now: float) -> bool:
        calls = self._of_kind[kind]
        enough = len(calls) >= room or kind is CallKind.describe
        return enough or next(iter(calls.values())).arrived + self._delay <= now

    def _oldest(self, kind: CallKind, most: int) -> list[PendingCall]:
        calls = self._of_kind[kind]
        if len(calls) <= most:
            self._of_kind[kind] = {}
            return list(calls.values())
        return [calls.pop(number) for number in list(calls)[:most]]
