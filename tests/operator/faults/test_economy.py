"""With many models, the operator writes each child once and each status when it changes, and then nothing any more."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise

import pytest

from tests.operator.faults.proxy import Object, Proxy, Write
from tests.operator.faults.stage import Stage
from tests.operator.faults.test_leader import PERIODS, named
from tests.operator.faults.theatre import Boards, Theatre

MODELS = 30
CHILDREN = ("jobs", "controllerrevisions", "inferenceservices", "poddisruptionbudgets")
KINDS_WATCHED = 6
RENEWALS = 2


@dataclass(frozen=True)
class Told:
    """What an operator has asked of the API server.

    Attributes:
        writes: to bring the models up.
        written_again: by the next operator, which finds them as they are.
        read_again: by the same, beside the Lease.
        at_rest: asked while nothing happened, beside the Lease.
    """

    writes: list[Write]
    written_again: list[Write]
    read_again: list[str]
    at_rest: list[str]


@pytest.fixture(scope="module")
def told(theatre: Theatre) -> Told:
    async def play(boards: Boards) -> Told:
        proxy = Proxy(theatre.server.url, boards.session)
        async with boards.staged("economy", proxy, PERIODS) as stage:
            await stage.until_it_leads()
            await asyncio.gather(*(stage.administrator.apply(named(f"model-{number}")) for number in range(MODELS)))
            await stage.settle()
            writes = list(proxy.writes)
            proxy.asked.clear()
            await restart(stage)
            await stage.settle()
            read_again = beside_the_lease(proxy)
            proxy.asked.clear()
            while sum("/leases" in asked for asked in proxy.asked) < RENEWALS:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            return Told(writes, proxy.writes[len(writes) :], read_again, beside_the_lease(proxy))

    (found,) = theatre.play([play])
    return found


async def restart(stage: Stage) -> None:
    """Another operator takes the place of the one that runs."""
    before = stage.operation
    stage.proxy.crashed.set()
    while stage.operation is before:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await stage.until_it_leads()


def beside_the_lease(proxy: Proxy) -> list[str]:
    return [asked for asked in proxy.asked if "/leases" not in asked]


def test_each_child_is_written_once(told: Told) -> None:
    writes = [write.target for write in told.writes if write.target.startswith(CHILDREN)]
    assert len(writes) == len(set(writes)) == MODELS * len(CHILDREN)


def test_a_status_is_written_when_it_has_changed_and_only_then(told: Told) -> None:
    reported: dict[str, list[Object]] = defaultdict(list)
    for write in told.writes:
        if write.target.endswith("/status"):
            reported[write.target].append(write.sent["status"])
    assert len(reported) == MODELS
    for statuses in reported.values():
        assert all(before != after for before, after in pairwise(statuses))


def test_an_event_is_told_once(told: Told) -> None:
    events = [
        (event["regarding"]["name"], event["reason"], event["note"])
        for event in (write.sent for write in told.writes if write.target.startswith("events"))
    ]
    assert len(events) == len(set(events))


def test_nothing_else_is_written(told: Told) -> None:
    others = [write for write in told.writes if not write.target.startswith((*CHILDREN, "transformermodels", "events"))]
    assert others == []


def test_an_operator_that_finds_all_as_it_should_be_lists_and_writes_nothing(told: Told) -> None:
    assert told.written_again == []
    assert len(told.read_again) == len(set(told.read_again)) == KINDS_WATCHED, "a list of each kind, in one page"


def test_while_nothing_happens_nothing_is_asked(told: Told) -> None:
    assert told.at_rest == []
