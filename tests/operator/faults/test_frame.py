"""What the kubelet is answered that asks whether the operator is alive."""

import asyncio
from dataclasses import replace
from typing import cast

import httpx
import pytest

from tests.operator.faults.stage import PATIENCE
from tests.operator.faults.theatre import Theatre
from tests.operator.world import SETTINGS
from tests.ports import free_port
from transformermodel_operator.connection import configure
from transformermodel_operator.frame import run_framed
from transformermodel_operator.operation import Operation

DEAD = "Nothing has come of transformermodels for 700 s."


class Play:
    """An operation that does nothing and has what ails it."""

    def __init__(self, ailments: tuple[str, ...]) -> None:
        self._ailments = ailments
        self._over = asyncio.Event()

    async def run(self) -> None:
        await self._over.wait()

    async def end(self) -> None:
        self._over.set()

    def ailments(self) -> tuple[str, ...]:
        return self._ailments


@pytest.mark.parametrize(("ailments", "is_alive"), [((), True), ((DEAD,), False)])
async def test_a_dead_watch_or_stuck_work_fails_the_liveness_probe(
    theatre: Theatre, ailments: tuple[str, ...], is_alive: bool, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    play, settings = Play(ailments), replace(SETTINGS, probe_port=port)
    configuration = await configure({"KUBECONFIG": str(theatre.server.kubeconfig)})
    framed = asyncio.create_task(run_framed(cast(Operation, play), configuration, settings))
    answer = await answered(f"http://127.0.0.1:{port}/healthz", framed)
    await play.end()
    await framed
    assert answer.is_success is is_alive
    assert any(DEAD in record.getMessage() for record in caplog.records) is not is_alive


async def answered(url: str, framed: asyncio.Task[None]) -> httpx.Response:
    """The answer, once somebody listens."""
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        while not framed.done():
            try:
                return await client.get(url, headers={"Connection": "close"})  # as kubelets ask
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
    raise AssertionError("the operator has ended")
