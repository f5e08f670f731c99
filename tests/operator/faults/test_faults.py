"""Whatever goes wrong at whichever write, a model ends as it would have, and nothing is made or removed twice.

`FAULTS=every` lets each fault strike at each write, in a life of its own. Usually they take turns, as `TURNS` says: the
operator crashes at every write, and comes back to an old list at every second; an answer is lost at every third, events
at every fourth; a refusal of one write alone strikes at every sixteenth with each status. Beside them there is a life
for each status in which every write is refused when it is tried first.
"""

import os
from collections import Counter
from dataclasses import dataclass

import pytest

from tests.operator.faults.comparison import differences
from tests.operator.faults.proxy import EACH, REFUSALS, Fault, Proxy
from tests.operator.faults.scenario import live_a_life
from tests.operator.faults.stage import End
from tests.operator.faults.theatre import Boards, Theatre

EVERY = os.environ.get("FAULTS") == "every"
TURNS = {
    Fault.Crash: slice(0, None, 2),
    Fault.Stale: slice(1, None, 2),
    Fault.Lost: slice(0, None, 3),
    Fault.Deaf: slice(1, None, 4),
    Fault.Conflict: slice(0, None, 16),
    Fault.Invalid: slice(4, None, 16),
    Fault.TooManyRequests: slice(8, None, 16),
    Fault.Broken: slice(12, None, 16),
}
"""The writes at which a fault strikes where not each does."""
LASTING = {"Prepared", "NotFound", "RolledBack", "Ready"}
"""Reasons of events that are told whatever the order in which things happen."""


@dataclass(frozen=True)
class Life:
    """A scenario that was played."""

    alive: End
    dead: End
    proxy: Proxy


async def play(boards: Boards, namespace: str, fault: Fault | None, at: int) -> Life:
    proxy = Proxy(boards.theatre.server.url, boards.session, fault, at)
    async with boards.staged(namespace, proxy) as stage:
        alive, dead = await live_a_life(stage)
    return Life(alive, dead, proxy)


@pytest.fixture(scope="module")
def reference(theatre: Theatre) -> Life:
    """The scenario without a fault."""
    (life,) = theatre.play([lambda boards: play(boards, "reference", None, EACH)])
    return life


@pytest.fixture(scope="module")
def places(reference: Life) -> list[int]:
    """The writes that matter: events are told beside the work, and nobody waits for them."""
    return [number for number, write in enumerate(reference.proxy.writes) if "events" not in write.target]


def test_the_scenario_makes_each_thing_once(reference: Life) -> None:
    assert reference.dead.objects == {}
    created = {target: count for (verb, target), count in reference.dead.counts.items() if verb == "create"}
    assert {count for target, count in created.items() if not target.startswith(("events", "jobs"))} == {1}
    assert [write.status for write in reference.proxy.writes if write.status not in (200, 201, 409)] == []


@pytest.mark.parametrize("fault", Fault)
def test_a_fault_at_any_write_changes_nothing_in_the_end(
    fault: Fault, theatre: Theatre, reference: Life, places: list[int]
) -> None:
    def at(number: int) -> Life:
        return lambda boards: play(boards, f"{fault.value}-{number}", fault, number)

    places = places if EVERY else places[TURNS[fault]]
    lives = theatre.play([at(number) for number in places])
    struck = [life.proxy.struck for life in lives]
    assert struck.count(False) <= max(1, len(struck) // 10), "the fault should come about"
    found = [
        f"{number}: {wrong}"
        for number, life in zip(places, lives, strict=True)
        for wrong in deviations(life, reference, fault)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("fault", REFUSALS)
def test_a_refusal_of_each_write_changes_nothing_in_the_end(fault: Fault, theatre: Theatre, reference: Life) -> None:
    (life,) = theatre.play([lambda boards: play(boards, f"each-{fault.value}", fault, EACH)])
    refused = [write for write in life.proxy.writes if write.status == int(fault.value)]
    assert len(refused) > len(reference.proxy.writes) / 3
    found = deviations(life, reference, fault)
    assert not found, "\n".join(found)


def deviations(life: Life, reference: Life, fault: Fault) -> list[str]:
    """What a life has come to that its reference has not, and the other way round."""
    found: list[object] = []
    for name, one, other in (("alive", life.alive, reference.alive), ("dead", life.dead, reference.dead)):
        found += [(name, *difference) for difference in differences(one.objects, other.objects)]
        if without_events(one.counts) != without_events(other.counts):
            found.append((name, without_events(one.counts) - other.counts, without_events(other.counts) - one.counts))
    told, expected = lasting(life.dead.events), lasting(reference.dead.events)
    if told - expected:
        found.append(("told more", told - expected))
    if fault in (Fault.Conflict, Fault.TooManyRequests, Fault.Broken, Fault.Lost) and expected - told:
        found.append(("told less", expected - told))
    return [str(wrong) for wrong in found]


def lasting(events: Counter[tuple[str, str, str]]) -> Counter[tuple[str, str, str]]:
    return Counter({event: count for event, count in events.items() if event[1] in LASTING})


def without_events(counts: Counter[tuple[str, str]]) -> Counter[tuple[str, str]]:
    return Counter({of: count for of, count in counts.items() if of[1] != "events"})
