"""Which calls make a batch, and when."""

import pytest

from transformermodel_predictor.torchserve.call import Call, CallKind, HandlerUnavailable
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings
from transformermodel_predictor.torchserve.workers.pending_call import PendingCall
from transformermodel_predictor.torchserve.workers.waiting_calls import WaitingCalls

PREDICT, EXPLAIN, DESCRIBE = CallKind


def waiting(*calls: tuple[CallKind, float], **settings: int) -> tuple[WaitingCalls, list[PendingCall]]:
    """A queue with calls of these kinds, which came at these times."""
    queue = WaitingCalls("model", WorkerSettings(**settings))  # type: ignore[arg-type]
    pending = [PendingCall(Call(kind), number, arrived) for number, (kind, arrived) in enumerate(calls)]
    for call in pending:
        queue.add(call)
    return queue, pending


async def test_a_full_batch_is_taken_at_once_and_no_more_than_that() -> None:
    queue, calls = waiting((PREDICT, 0), (PREDICT, 0), (PREDICT, 0), batch_size=2)
    assert queue.take(0, 2, None, now=0) == calls[:2]
    assert queue.take(0, 2, None, now=0) == []
    assert len(queue) == 1


async def test_the_oldest_call_waits_for_others_no_longer_than_the_delay() -> None:
    queue, calls = waiting((PREDICT, 10.0), batch_size=4, max_batch_delay=100)
    assert queue.take(0, 4, None, now=10.05) == []
    assert queue.next_change(now=10.05) == pytest.approx(10.1)
    assert queue.take(0, 4, None, now=10.11) == calls


async def test_while_all_workers_are_busy_only_impatient_clients_are_a_reason_to_look_again() -> None:
    queue, _ = waiting((PREDICT, 10.0), max_batch_delay=100)
    assert queue.next_change(now=10.0, free=False) is None
    queue, _ = waiting((PREDICT, 10.0), max_batch_delay=100, client_timeout=500)
    assert queue.next_change(now=10.0, free=False) == pytest.approx(10.5)


async def test_kinds_are_never_mixed_and_the_oldest_goes_first() -> None:
    queue, calls = waiting((PREDICT, 0), (EXPLAIN, 1), (PREDICT, 2), max_batch_delay=0)
    assert queue.take(0, 4, None, now=3) == [calls[0], calls[2]]
    assert queue.take(0, 4, None, now=3) == [calls[1]]


async def test_descriptions_are_asked_alone_and_need_not_wait() -> None:
    queue, calls = waiting((DESCRIBE, 0), (DESCRIBE, 0), batch_size=4)
    assert queue.take(0, 4, None, now=0) == calls[:1]
    assert queue.take(0, 4, None, now=0) == calls[1:]


async def test_calls_that_join_a_running_batch_are_of_its_kind() -> None:
    queue, calls = waiting((EXPLAIN, 0), (PREDICT, 0), continuous_batching=1)
    assert queue.take(0, 3, PREDICT, now=0) == calls[1:]
    assert queue.take(0, 3, PREDICT, now=0) == []


async def test_more_calls_than_may_wait_are_refused() -> None:
    with pytest.raises(HandlerUnavailable, match=r"2 calls wait for the model model already \(jobQueueSize\)"):
        waiting((PREDICT, 0), (PREDICT, 0), (PREDICT, 0), queue_size=2)


async def test_who_has_gone_is_not_worked_on() -> None:
    queue, calls = waiting((PREDICT, 0), (PREDICT, 0), max_batch_delay=0)
    queue.discard(calls[0])
    assert queue.take(0, 2, None, now=0) == calls[1:]


async def test_calls_that_waited_longer_than_their_clients_do_are_refused() -> None:
    queue, calls = waiting((PREDICT, 0), (PREDICT, 5), client_timeout=2000, max_batch_delay=0)
    assert queue.take(0, 2, None, now=5) == calls[1:]
    with pytest.raises(HandlerUnavailable, match=r"was free for 2000 milliseconds \(clientTimeoutInMills\)"):
        await calls[0].whole()
