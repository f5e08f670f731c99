"""One replica leads; another takes over when it has ended, died, or lost touch."""

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import pytest

from transformermodel_operator.client import ApiError
from transformermodel_operator.lease import Election, Periods
from transformermodel_operator.objects import Document, Kind, Reference

PERIODS = Periods(duration=15, give_up=10, renew=5, retry=2)


class Leases:
    """A Lease as the API server keeps it, with optimistic locking."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.reachable = True
        self.writes = 0
        self.on_its_way: Callable[[], None] = lambda: None
        self.on_its_way_back: Callable[[], None] = lambda: None

    async def get(self, reference: Reference) -> Document | None:
        self._require_reachable()
        return copy.deepcopy(self.lease)

    async def create(self, kind: Kind, document: Document) -> Document:
        self._require_reachable()
        if self.lease is not None:
            raise ApiError(409, "already exists")
        return self._store(document)

    async def replace(self, kind: Kind, document: Document) -> Document:
        self._require_reachable()
        self.on_its_way()
        assert self.lease is not None
        if document["metadata"]["resourceVersion"] != self.lease["metadata"]["resourceVersion"]:
            raise ApiError(409, "the object has been modified")
        stored = self._store(document)
        self.on_its_way_back()
        return stored

    def _store(self, document: Document) -> Document:
        self.writes += 1
        self.lease = copy.deepcopy(dict(document))
        self.lease["metadata"] = {**document["metadata"], "resourceVersion": str(self.writes)}
        return copy.deepcopy(self.lease)

    def _require_reachable(self) -> None:
        if not self.reachable:
            raise ApiError(0, "connection refused")


class Time:
    """A clock that goes on by what is slept."""

    def __init__(self) -> None:
        self.now = 0.0
        self.slept: list[float] = []

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        assert len(self.slept) < 1000, "this does not come to an end"
        await asyncio.sleep(0)


@pytest.fixture
def leases() -> Leases:
    return Leases()


@pytest.fixture
def time() -> Time:
    return Time()


async def nothing() -> None:
    """A leader's work that is over at once."""


def election(leases: Leases, time: Time, identity: str) -> Election:
    return Election(leases, "system", identity, PERIODS, time.clock, time.sleep)


async def test_the_first_takes_it_and_the_second_does_not(leases: Leases, time: Time) -> None:
    first, second = election(leases, time, "first"), election(leases, time, "second")
    assert await first.acquire()
    assert not await second.acquire()
    assert leases.lease is not None
    assert leases.lease["spec"]["holderIdentity"] == "first"


async def test_a_lease_that_is_renewed_is_never_taken(leases: Leases, time: Time) -> None:
    first, second = election(leases, time, "first"), election(leases, time, "second")
    await first.acquire()
    for _ in range(10):
        assert not await second.acquire()
        time.now += 14
        assert await first.acquire()


async def test_one_that_is_not_renewed_is_taken_after_its_duration(leases: Leases, time: Time) -> None:
    first, second = election(leases, time, "first"), election(leases, time, "second")
    await first.acquire()
    assert not await second.acquire()
    time.now += 14.9
    assert not await second.acquire()
    time.now += 0.1
    assert await second.acquire()
    assert leases.lease is not None
    assert leases.lease["spec"]["leaseTransitions"] == 1
    assert not await first.acquire()
    time.now += 15
    assert await first.acquire()
    assert leases.lease["spec"]["leaseTransitions"] == 2


async def test_a_newcomer_trusts_its_own_clock_only(leases: Leases, time: Time) -> None:
    await election(leases, time, "first").acquire()
    time.now += 1000
    newcomer = election(leases, time, "newcomer")
    assert not await newcomer.acquire()
    time.now += 15
    assert await newcomer.acquire()


async def test_a_lease_says_itself_how_long_it_is_good_for(leases: Leases, time: Time) -> None:
    """As while an operator is upgraded to one with other periods."""
    patient = Periods(duration=30, give_up=20, renew=5, retry=2)
    await Election(leases, "system", "first", patient, time.clock, time.sleep).acquire()
    second = election(leases, time, "second")
    assert not await second.acquire()
    time.now += 29.9
    assert not await second.acquire()
    time.now += 0.1
    assert await second.acquire()


async def test_a_released_lease_is_taken_at_once(leases: Leases, time: Time) -> None:
    first, second = election(leases, time, "first"), election(leases, time, "second")
    await first.acquire()
    await first.release()
    assert await second.acquire()


async def test_who_waits_looks_often_and_right_at_the_end_of_the_lease(leases: Leases, time: Time) -> None:
    """Often, for a holder that ends lets go of it; at the end, for one that has died does not."""
    first, second = election(leases, time, "first"), election(leases, time, "second")
    await first.acquire()
    await second.run(nothing)
    assert time.slept[:8] == [2, 2, 2, 2, 2, 2, 2, 1]


async def test_a_free_lease_that_cannot_be_written_is_not_asked_for_without_a_pause(leases: Leases, time: Time) -> None:
    first, second = election(leases, time, "first"), election(leases, time, "second")
    await first.acquire()
    await first.release()

    refusals = iter([ApiError(500, "etcd has no leader")] * 3)

    def refuse_at_first() -> None:
        if (refusal := next(refusals, None)) is not None:
            raise refusal

    leases.on_its_way = refuse_at_first
    await second.run(nothing)
    assert time.slept[:3] == [2, 2, 2]


async def test_releasing_what_one_does_not_hold_does_nothing(leases: Leases, time: Time) -> None:
    first, second = election(leases, time, "first"), election(leases, time, "second")
    await first.acquire()
    await second.acquire()
    writes = leases.writes
    await second.release()
    assert leases.writes == writes


async def test_a_holder_that_cannot_renew_gives_up_before_others_may_begin(leases: Leases, time: Time) -> None:
    first = election(leases, time, "first")
    await first.acquire()
    leases.reachable = False
    await first.hold()
    assert time.slept == [5, 2, 2, 1], "it is tried again soon, as long as there is time"
    assert time.now == PERIODS.give_up < PERIODS.duration


async def test_a_renewal_that_is_never_answered_is_given_up_in_time(time: Time) -> None:
    class Silent(Leases):
        async def replace(self, kind: Kind, document: Document) -> Document:
            return await asyncio.get_running_loop().create_future()

    periods = Periods(duration=15, give_up=5.01, renew=5, retry=2)
    first = Election(Silent(), "system", "first", periods, time.clock, time.sleep)
    await first.acquire()
    await first.hold()
    assert time.now < periods.duration


async def test_the_time_that_a_renewal_takes_counts_as_time_without_one(leases: Leases, time: Time) -> None:
    """Who waits for the Lease's end counts from when it was written, which may be just after it was sent."""
    first = election(leases, time, "first")
    await first.acquire()

    def slowly_and_for_the_last_time() -> None:
        time.now += 3
        leases.reachable = False

    leases.on_its_way = slowly_and_for_the_last_time
    await first.hold()
    sent = PERIODS.renew
    assert time.now == sent + PERIODS.give_up


async def test_a_lease_tells_since_when_its_holder_has_had_it(leases: Leases, time: Time) -> None:
    first = election(leases, time, "first")
    await first.acquire()
    assert leases.lease is not None
    acquired = leases.lease["spec"]["acquireTime"]
    await first.acquire()
    assert leases.lease["spec"]["acquireTime"] == acquired


async def test_a_holder_whose_lease_was_taken_gives_up_at_once(leases: Leases, time: Time) -> None:
    first, second = election(leases, time, "first"), election(leases, time, "second")
    await first.acquire()
    await second.acquire()
    time.now += 15
    await second.acquire()
    before = time.now
    await first.hold()
    assert time.now == before


async def test_a_holder_gives_up_when_it_sees_another_hold_the_lease(leases: Leases, time: Time) -> None:
    first = election(leases, time, "first")
    await first.acquire()
    assert leases.lease is not None
    spec = {**leases.lease["spec"], "holderIdentity": "second"}
    leases.lease = {**leases.lease, "metadata": {"resourceVersion": "1000"}, "spec": spec}
    await first.hold()
    assert time.now == PERIODS.renew


async def test_a_renewal_whose_answer_was_lost_is_a_renewal(leases: Leases, time: Time) -> None:
    first = election(leases, time, "first")
    await first.acquire()

    def lose_one() -> None:
        leases.on_its_way_back = end
        raise ApiError(0, "connection reset")

    def end() -> None:
        leases.reachable = False

    leases.on_its_way_back = lose_one
    await first.hold()
    lost, found, renewed = time.slept[:3]
    assert (lost, found, renewed) == (PERIODS.renew, PERIODS.retry, PERIODS.renew)
    assert leases.writes == 3


async def test_of_two_who_take_it_at_once_one_gets_it(leases: Leases, time: Time) -> None:
    both = await asyncio.gather(election(leases, time, "a").acquire(), election(leases, time, "b").acquire())
    assert sorted(both) == [False, True]


async def test_an_unreachable_api_server_makes_no_leader(leases: Leases, time: Time) -> None:
    leases.reachable = False
    assert not await election(leases, time, "first").acquire()


async def test_leading_is_cancelled_with_the_lease_and_resumed_with_it(leases: Leases, time: Time) -> None:
    began, ended = asyncio.Semaphore(0), asyncio.Semaphore(0)

    async def lead() -> None:
        began.release()
        try:
            await asyncio.Event().wait()
        finally:
            ended.release()

    first = election(leases, time, "first")
    task = asyncio.create_task(first.run(lead))
    await began.acquire()
    assert first.leads
    leases.reachable = False
    await ended.acquire()
    assert not first.leads
    leases.reachable = True
    await began.acquire()
    task.cancel()
    await ended.acquire()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_leader_whose_work_is_over_lets_go(leases: Leases, time: Time) -> None:
    await election(leases, time, "first").run(nothing)
    assert await election(leases, time, "second").acquire()


async def test_an_error_of_the_leaders_work_is_not_swallowed(leases: Leases, time: Time) -> None:
    async def lead() -> None:
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError, match="a fault of ours"):
        await election(leases, time, "first").run(lead)
