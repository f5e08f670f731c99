"""Two replicas, of which one writes: when it dies under load, the other takes over, and nothing is done twice."""

import asyncio
from collections import Counter

from tests.operator.faults.proxy import Proxy
from tests.operator.faults.scenario import manifest
from tests.operator.faults.theatre import Boards, Theatre
from transformermodel_operator.lease import NAME, Periods

MODELS = 20
PERIODS = Periods(duration=60.0, give_up=45.0, renew=0.5, retry=0.2)
"""Renewed often, and not given up because a busy machine lets renewals wait."""


def test_when_the_leader_dies_under_load_the_other_goes_on(theatre: Theatre) -> None:
    async def play(boards: Boards) -> tuple[Counter[tuple[str, str]], set[str], int]:
        first, second = (Proxy(theatre.server.url, boards.session) for _ in range(2))
        async with boards.staged("leader", first, PERIODS) as leader:
            await leader.until_it_leads()
            async with leader.beside(second, "two") as other:
                for number in range(MODELS):
                    await leader.administrator.apply(named(f"model-{number}"))
                await created(first, MODELS // 4)
                first.end()  # as when its node has lost power
                await leader.administrator.merge("Lease", NAME, {"spec": {"leaseDurationSeconds": 1}})
                await other.until_it_leads()
                await other.settle()
                jobs = {job["metadata"]["name"] for job in await other.administrator.all("Job")}
                (lease,) = await other.administrator.all("Lease")
                return first.counts() + second.counts(), jobs, int(lease["spec"]["leaseTransitions"])

    ((counts, jobs, transitions),) = theatre.play([play])
    assert len(jobs) == MODELS
    made = {target: count for (verb, target), count in counts.items() if verb == "create" and target != "events"}
    assert set(made.values()) == {1}, "nothing is made twice"
    assert [verb for verb, _ in counts if verb == "delete"] == []
    assert transitions == 1


def named(name: str) -> dict[str, object]:
    document = manifest("first")
    document["metadata"] = {"name": name}
    return document


async def created(proxy: Proxy, count: int) -> None:
    """Wait until so many Jobs have been created."""
    while sum(write.created and write.target.startswith("jobs") for write in proxy.writes) < count:  # noqa: ASYNC110
        await asyncio.sleep(0.005)
