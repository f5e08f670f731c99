"""The queue of calls in sequences, which forms batches with one call of each of a worker's sequences."""

from collections.abc import Iterable, Iterator

from transformermodel_predictor.torchserve.call import CallKind, HandlerUnavailable
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings
from transformermodel_predictor.torchserve.workers.client_timeout import ClientTimeout
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall
from transformermodel_predictor.torchserve.workers.sequence import CallSequence

_USUAL_IDLE_SECONDS = 60.0


class WaitingSequences:
    """A queue per sequence. A call without a sequence forms one of its own.

    Args:
        model: the model's name, for messages.
        settings: the settings of the model's workers.
    """

    def __init__(self, model: str, settings: WorkerSettings) -> None:
        self._model = model
        self._most = max(settings.max_sequences, settings.batch_size * settings.max_workers)
        self._most_of_one = settings.sequence_queue_size
        self._delay = 0.0 if settings.continuous_batching else settings.max_batch_delay / 1000
        self._client_timeout = ClientTimeout(model, settings)
        self._idle = settings.sequence_idle / 1000 or _USUAL_IDLE_SECONDS
        self._limit = settings.sequence_timeout / 1000
        self._at_once = settings.batch_size if settings.continuous_batching else 1
        self._sequences: dict[str, CallSequence] = {}

    def __len__(self) -> int:
        """Number of waiting calls."""
        return sum(len(sequence.waiting) for sequence in self._sequences.values())

    def __iter__(self) -> Iterator[PendingCall]:
        """The waiting calls."""
        return iter([call for sequence in self._sequences.values() for call in sequence.waiting.values()])

    def add(self, call: PendingCall) -> None:
        """Queue a call, unless there are too many sequences, or too many calls of this one."""
        self._update(call.arrived)
        name = _name(call)
        sequence = self._sequences.get(name)
        if sequence is None:
            if len(self._sequences) >= self._most:
                raise HandlerUnavailable(
                    f"the model {self._model} answers {self._most} sequences already (maxNumSequence)"
                )
            sequence = self._sequences[name] = CallSequence(call.arrived)
        elif len(sequence.waiting) >= self._most_of_one:
            raise HandlerUnavailable(
                f"{self._most_of_one} calls of the sequence {name} wait already (maxSequenceJobQueueSize)"
            )
        sequence.waiting[call.number] = call
        sequence.last_seen = call.arrived

    def discard(self, call: PendingCall) -> None:
        """Remove a call for which no client waits any more."""
        if sequence := self._sequences.get(_name(call)):
            sequence.waiting.pop(call.number, None)

    def release(self, worker: int) -> None:
        """Let other workers answer the sequences of one that no longer exists."""
        for sequence in self._sequences.values():
            if sequence.worker == worker:
                sequence.worker = None

    def take(self, worker: int, room: int, kind: CallKind | None, now: float) -> list[PendingCall]:
        """Take the oldest calls of the worker's own sequences, and of sequences without a worker."""
        self._update(now)
        ready = sorted(
            (sequence for sequence in self._sequences.values() if self._may_take(sequence, worker)),
            key=lambda sequence: next(iter(sequence.waiting)),
        )
        if not ready or room <= 0:
            return []
        kind = kind or _oldest(ready[0]).call.kind
        ready = [sequence for sequence in ready if _oldest(sequence).call.kind is kind]
        room = 1 if kind is CallKind.describe else room
        if len(ready) < room and ready and _oldest(ready[0]).arrived + self._delay > now:
            return []
        return list(self._taken(ready, worker, room, kind))

    def next_change(self, now: float, *, free: bool = True) -> float | None:
        """The next time at which a batch becomes due, or a call or a sequence too late."""
        waiting = [sequence for sequence in self._sequences.values() if sequence.waiting]
        due = [_oldest(sequence).arrived + self._delay for sequence in waiting if free]
        late = [sequence.began + self._limit for sequence in waiting if self._limit]
        late += [
            end for sequence in waiting if (end := self._client_timeout.deadline_of(_oldest(sequence))) is not None
        ]
        return min((time for time in (*due, *late) if time > now), default=None)

    def _may_take(self, sequence: CallSequence, worker: int) -> bool:
        free = not sequence.is_busy or self._at_once > 1
        return bool(sequence.waiting) and free and sequence.worker in (None, worker)

    def _taken(self, ready: Iterable[CallSequence], worker: int, room: int, kind: CallKind) -> Iterator[PendingCall]:
        for sequence in ready:
            same = [call for call in sequence.waiting.values() if call.call.kind is kind]
            most = min(room, self._at_once, len(same))
            room -= most
            yield from sequence.take(worker, most)

    def _update(self, now: float) -> None:
        """Refuse calls whose clients have stopped waiting, and remove sequences that have ended."""
        for name, sequence in list(self._sequences.items()):
            sequence.update(now)
            self._client_timeout.refuse_late(sequence.waiting, now)
            if self._limit and sequence.began + self._limit <= now:
                sequence.fail(f"the sequence {name} is over: it lasted longer than sequenceTimeoutMSec")
                sequence.ended = True
            quiet = not sequence.waiting and not sequence.is_busy
            if quiet and (sequence.ended or sequence.last_seen + self._idle <= now):
                del self._sequences[name]


def _name(call: PendingCall) -> str:
    return call.call.sequence_id or f"of the call {call.number}"


def _oldest(sequence: CallSequence) -> PendingCall:
    return next(iter(sequence.waiting.values()))
