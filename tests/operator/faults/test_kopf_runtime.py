"""What the kubelet is answered that asks whether the operator is alive."""

import asyncio
import socket
from dataclasses import replace
from typing import cast

import httpx
import pytest

from tests.operator.faults.stage import PATIENCE
from tests.operator.faults.theatre import Theatre
from tests.operator.world import SETTINGS
from tests.ports import free_port
from transformermodel_api.errors import UserError
from transformermodel_operator.connection import configure
from transformermodel_operator.kopf_runtime import run_with_kopf
from transformermodel_operator.operation import Operation

DEAD = "Nothing has come of transformermodels for 700 s."


class Play:
    """An operation that does nothing and has what ails it."""

    def __init__(self, liveness_problems: tuple[str, ...]) -> None:
        self._liveness_problems = liveness_problems
        self._over = asyncio.Event()

    async def run(self) -> None:
        await self._over.wait()

    async def end(self) -> None:
        self._over.set()

    def liveness_problems(self) -> tuple[str, ...]:
        return self._liveness_problems


@pytest.mark.parametrize(("liveness_problems", "is_alive"), [((), True), ((DEAD,), False)])
async def test_a_dead_watch_or_stuck_work_fails_the_liveness_probe(
    theatre: Theatre, liveness_problems: tuple[str, ...], is_alive: bool, caplog: pytest.LogCaptureFixture
) -> None:
    port = free_port()
    play, settings = Play(liveness_problems), replace(SETTINGS, probe_port=port)
    configuration = await configure({"KUBECONFIG": str(theatre.server.kubeconfig)})
    running = asyncio.create_task(run_with_kopf(cast(Operation, play), configuration, settings))
    answer = await answered(f"http://127.0.0.1:{port}/healthz", running)
    await play.end()
    await running
    assert answer.is_success is is_alive
    assert any(DEAD in record.getMessage() for record in caplog.records) is not is_alive


async def test_a_probe_port_that_is_taken_is_told_with_the_variable_that_sets_it(theatre: Theatre) -> None:
    configuration = await configure({"KUBECONFIG": str(theatre.server.kubeconfig)})
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = replace(SETTINGS, probe_port=other.getsockname()[1])
        with pytest.raises(UserError, match="set TRANSFORMERMODEL_PROBE_PORT to another port"):
            await run_with_kopf(cast(Operation, Play(())), configuration, settings)


async def answered(url: str, running: asyncio.Task[None]) -> httpx.Response:
    """The answer, once somebody listens."""
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        while not running.done():
            try:
                return await client.get(url, headers={"Connection": "close"})  # as kubelets ask
            except httpx.ConnectError:
                await asyncio.sleep(0.02)
    raise AssertionError("the operator has ended")
