"""One replica leads; another takes over when it has ended, died, or lost touch."""

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import pytest

from transformermodel_operator.client import ApiError
from transformermodel_operator.lease import Election, Periods
from transformermodel_operator.objects import Document, Kind, Reference

PERIODS = Periods(duration=15, give_up=10, renew=5)


class Leases:
    """A Lease as the API server keeps it, with optimistic locking."""

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.reachable = True
        self.writes = 0
        self.on_its_way: Callable[[], None] = lambda: None

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
        return self._store(document)

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

    def clock(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        await asyncio.sleep(0)


@pytest.fixture
def leases() -> Leases:
    return Leases()


@pytest.fixture
def time() -> Time:
    return Time()


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


async def test_a_newcomer_trusts_its_own_clock_only(leases: Leases, time: Time) -> None:
    await election(leases, time, "first").acquire()
    time.now += 1000
    newcomer = election(leases, time, "newcomer")
    assert not await newcomer.acquire()
    time.now += 15
    assert await newcomer.acquire()


async def test_a_released_lease_is_taken_at_once(leases: Leases, time: Time) -> None:
    first, second = election(leases, time, "first"), election(leases, time, "second")
    await first.acquire()
    await first.release()
    assert await second.acquire()


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
    assert PERIODS.give_up <= time.now < PERIODS.duration


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

    task = asyncio.create_task(election(leases, time, "first").run(lead))
    await began.acquire()
    leases.reachable = False
    await ended.acquire()
    leases.reachable = True
    await began.acquire()
    task.cancel()
    await ended.acquire()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_an_error_of_the_leaders_work_is_not_swallowed(leases: Leases, time: Time) -> None:
    async def lead() -> None:
        raise RuntimeError("a fault of ours")

    with pytest.raises(RuntimeError, match="a fault of ours"):
        await election(leases, time, "first").run(lead)
