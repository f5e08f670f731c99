"""Sequences: one worker each, their calls in order, one of each in a batch."""

import pytest

from transformermodel_predictor.torchserve.call import Call, CallKind, HandlerUnavailable, Reply
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall
from transformermodel_predictor.torchserve.workers.sequence import with_sequence_id
from transformermodel_predictor.torchserve.workers.waiting_sequences import WaitingSequences


class Sequences(WaitingSequences):
    """Sequences whose calls are written in one word each."""

    def __init__(self, **settings: int) -> None:
        defaults = {"batch_size": 4, "max_batch_delay": 0, "sequence_queue_size": 3, "max_sequences": 8}
        super().__init__("model", WorkerSettings(**{**defaults, **settings}))  # type: ignore[arg-type]
        self.count = 0

    def come(self, sequence: str | None, now: float = 0.0, **headers: str) -> PendingCall:
        self.count += 1
        call = Call(CallKind.predict, headers=headers, sequence_id=sequence)
        pending = PendingCall(call, self.count, now)
        self.add(pending)
        return pending

    def taken(self, worker: int = 0, now: float = 0.0) -> list[PendingCall]:
        return self.take(worker, 4, None, now)


def answered(call: PendingCall, **headers: str) -> None:
    call.answer(Reply(b"", headers=headers))


async def test_a_batch_has_one_call_of_each_sequence_in_their_order() -> None:
    queue = Sequences()
    a1, a2, b1 = queue.come("a"), queue.come("a"), queue.come("b")
    assert queue.taken() == [a1, b1]
    assert queue.taken() == []
    answered(a1)
    assert queue.taken() == [a2]


async def test_a_sequence_stays_with_its_worker_until_that_is_no_more() -> None:
    queue = Sequences()
    answered_first = queue.come("a")
    assert queue.taken(worker=1) == [answered_first]
    answered(answered_first)
    second = queue.come("a")
    assert queue.taken(worker=0) == []
    queue.release(1)
    assert queue.taken(worker=0) == [second]


async def test_too_many_sequences_and_too_many_calls_of_one_are_refused() -> None:
    queue = Sequences(batch_size=1, max_sequences=2, sequence_queue_size=1)
    queue.come("a")
    queue.come("b")
    with pytest.raises(HandlerUnavailable, match=r"answers 2 sequences already \(maxNumSequence\)"):
        queue.come("c")
    with pytest.raises(HandlerUnavailable, match=r"1 calls of the sequence a wait already \(maxSequenceJobQueueSize\)"):
        queue.come("a")


@pytest.mark.parametrize("how", ["its header", "the handler's header", "the handler names it", "it is quiet"])
async def test_a_sequence_that_is_over_makes_room(how: str) -> None:
    queue = Sequences(batch_size=1, max_sequences=1, sequence_idle=1000)
    call = queue.come("a", ts_request_sequence_end="true" if how == "its header" else "")
    queue.taken()
    end = {"the handler's header": "true", "the handler names it": "b; a"}.get(how)
    answered(call, **({"ts_request_sequence_end": end} if end else {}))
    if how == "it is quiet":
        with pytest.raises(HandlerUnavailable):
            queue.come("c", now=0.5)
    queue.come("c", now=2.0 if how == "it is quiet" else 0.5)


async def test_a_call_without_a_sequence_is_one_of_its_own() -> None:
    queue = Sequences(batch_size=1, max_sequences=1)
    call = queue.come(None)
    assert queue.taken() == [call]
    answered(call)
    queue.come(None)


async def test_a_sequence_that_lasts_too_long_is_ended() -> None:
    queue = Sequences(sequence_timeout=1000)
    first, second = queue.come("a"), queue.come("a")
    assert queue.taken() == [first]
    assert queue.next_change(now=0.5) == 1.0
    assert queue.taken(now=1.5) == []
    with pytest.raises(HandlerUnavailable, match="sequenceTimeoutMSec"):
        await second.whole()


async def test_a_call_that_waited_longer_than_its_client_does_is_refused() -> None:
    queue = Sequences(client_timeout=1000)
    first, second = queue.come("a"), queue.come("a", now=0.5)
    assert queue.taken() == [first]
    assert queue.next_change(now=0.6) == 1.5
    queue.taken(now=1.5)
    with pytest.raises(HandlerUnavailable, match="clientTimeoutInMills"):
        await second.whole()


async def test_in_continuous_batching_a_sequences_calls_may_join_each_other() -> None:
    queue = Sequences(continuous_batching=1)
    calls = [queue.come("a"), queue.come("a")]
    assert queue.taken() == calls


def test_a_sequence_is_named_by_its_header_or_anew_where_it_begins() -> None:
    def of(**headers: str) -> Call:
        return with_sequence_id(Call(CallKind.predict, headers=headers))

    assert of(ts_request_sequence_id="seq").sequence_id == "seq"
    assert of().sequence_id is None
    begun = of(ts_request_sequence_start="true")
    assert begun.sequence_id
    assert begun.headers["ts_request_sequence_id"] == begun.sequence_id
