"""The queue of calls that wait for a worker, which forms batches of them."""

from collections.abc import Iterator
from typing import Protocol

from transformermodel_predictor.torchserve.call import CallKind, HandlerUnavailable
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings
from transformermodel_predictor.torchserve.workers.client_timeout import ClientTimeout
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall


class Waiting(Protocol):
    """A queue of calls. All times are on the event loop's clock."""

    def __len__(self) -> int:
        """Number of waiting calls."""
        ...

    def add(self, call: PendingCall) -> None:
        """Queue a call.

        Raises:
            HandlerUnavailable: the queue is full.
        """
        ...

    def discard(self, call: PendingCall) -> None:
        """Remove a call for which no client waits any more."""
        ...

    def release(self, worker: int) -> None:
        """Release calls that are bound to this worker, which no longer exists, to others."""
        ...

    def take(self, worker: int, room: int, kind: CallKind | None, now: float) -> list[PendingCall]:
        """Take the calls to give to a worker now; empty if it is better to wait for more.

        Args:
            worker: the worker's number.
            room: most calls that it can take.
            kind: kind of the worker's current calls, which others may join; None if it has none.
            now: the time.
        """
        ...

    def next_change(self, now: float, *, free: bool = True) -> float | None:
        """The next time at which a batch becomes due, or a call too late; None if there is none.

        Args:
            now: the time.
            free: whether a worker is free to take a batch.
        """
        ...

    def __iter__(self) -> Iterator[PendingCall]:
        """The waiting calls."""
        ...


class WaitingCalls:
    """One queue for all workers. A batch has calls of one kind; the kind of the oldest call goes first.

    Args:
        model: the model's name, for messages.
        settings: the settings of the model's workers.
    """

    def __init__(self, model: str, settings: WorkerSettings) -> None:
        self._model = model
        self._most = settings.queue_size
        self._delay = 0.0 if settings.continuous_batching else settings.max_batch_delay / 1000
        self._client_timeout = ClientTimeout(model, settings)
        self._queues: dict[CallKind, dict[int, PendingCall]] = {kind: {} for kind in CallKind}

    def __len__(self) -> int:
        """Number of waiting calls."""
        return sum(map(len, self._queues.values()))

    def add(self, call: PendingCall) -> None:
        """Queue a call, unless the queue is full."""
        if len(self) >= self._most:
            raise HandlerUnavailable(f"{self._most} calls wait for the model {self._model} already (jobQueueSize)")
        self._queues[call.call.kind][call.number] = call

    def discard(self, call: PendingCall) -> None:
        """Remove a call for which no client waits any more."""
        self._queues[call.call.kind].pop(call.number, None)

    def release(self, worker: int) -> None:
        """Do nothing: no call is bound to a worker."""

    def take(self, worker: int, room: int, kind: CallKind | None, now: float) -> list[PendingCall]:
        """Take the oldest calls of a kind, once they fill a batch or the oldest has waited for `max_batch_delay`."""
        for calls in self._queues.values():
            self._client_timeout.refuse_late(calls, now)
        for each in self._by_age() if kind is None else [kind]:
            if kind is not None or self._is_due(each, room, now):
                return self._oldest(each, 1 if each is CallKind.describe else room)
        return []

    def next_change(self, now: float, *, free: bool = True) -> float | None:
        """The next time at which a batch becomes due, or a call too late."""
        if not free and not self._client_timeout.is_set:
            return None
        heads = [next(iter(calls.values())) for calls in self._queues.values() if calls]
        due = [head.arrived + self._delay for head in heads if free]
        late = [end for head in heads if (end := self._client_timeout.deadline_of(head)) is not None]
        return min((time for time in (*due, *late) if time > now), default=None)

    def __iter__(self) -> Iterator[PendingCall]:
        """The waiting calls."""
        return iter([call for calls in self._queues.values() for call in calls.values()])

    def _by_age(self) -> list[CallKind]:
        kinds = [kind for kind, calls in self._queues.items() if calls]
        return sorted(kinds, key=lambda kind: next(iter(self._queues[kind]))) if len(kinds) > 1 else kinds

    def _is_due(self, kind: CallKind, room: int, now: float) -> bool:
        calls = self._queues[kind]
        enough = len(calls) >= room or kind is CallKind.describe
        return enough or next(iter(calls.values())).arrived + self._delay <= now

    def _oldest(self, kind: CallKind, most: int) -> list[PendingCall]:
        calls = self._queues[kind]
        if len(calls) <= most:
            self._queues[kind] = {}
            return list(calls.values())
        return [calls.pop(number) for number in list(calls)[:most]]
