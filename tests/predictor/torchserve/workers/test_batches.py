"""Calls in batches: how many, which, and what becomes of each."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.predictor.torchserve.gate import Gate
from tests.predictor.torchserve.handler_archives import archive, asked, running
from transformermodel_predictor.torchserve.call import CallKind, HandlerUnavailable, Reply
from transformermodel_predictor.torchserve.handler_model import HandlerModel
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

pytestmark = pytest.mark.asyncio(loop_scope="module")

SAYS_WHO_CAME_TOGETHER = """
    import os, time

    def handle(rows, context):
        if rows is None:
            return None
        bodies = [row["body"] for row in rows]
        while "wait" in bodies and os.path.exists("shut"):
            time.sleep(0.005)
        for index, body in enumerate(bodies):
            if body == "refuse":
                context.set_response_status(422, "Refused", index)
        together = "+".join(bodies)
        return [f"{body} of {together}" for body in bodies]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def model(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HandlerModel]:
    settings = WorkerSettings(batch_size=3, max_batch_delay=1, queue_size=5)
    async with running(archive(tmp_path_factory.mktemp("b"), SAYS_WHO_CAME_TOGETHER, settings=settings)) as group:
        yield group


@pytest.fixture
def gate(model: HandlerModel) -> Gate:
    """Keeps the worker busy until it is opened."""
    return Gate(model)


async def answers(*calls: asyncio.Future[Reply]) -> list[str]:
    return [reply.body.decode() for reply in await asyncio.gather(*calls)]


async def test_calls_that_wait_share_a_batch_up_to_its_size(gate: Gate) -> None:
    async with gate:
        calls = [gate.ask(asked(word)) for word in "abcd"]
    assert await answers(*calls) == ["a of a+b+c", "b of a+b+c", "c of a+b+c", "d of d"]


async def test_predictions_and_explanations_never_share_a_batch_and_descriptions_are_alone(gate: Gate) -> None:
    kinds = [CallKind.predict, CallKind.explain, CallKind.describe, CallKind.predict]
    async with gate:
        calls = [gate.ask(asked(kind.value, kind)) for kind in kinds]
    assert await answers(*calls) == [
        "predict of predict+predict",
        "explain of explain",
        "describe of describe",
        "predict of predict+predict",
    ]


async def test_every_row_has_a_status_of_its_own(gate: Gate) -> None:
    async with gate:
        calls = [gate.ask(asked(word)) for word in ("fine", "refuse")]
    assert [(await call).status for call in calls] == [200, 422]


async def test_calls_with_one_identifier_are_told_apart(gate: Gate) -> None:
    async with gate:
        calls = [gate.ask(asked("a")) for _ in range(2)]
    assert await answers(*calls) == ["a of a+a", "a of a+a"]


async def test_a_client_that_goes_while_its_call_waits_is_not_worked_for(gate: Gate, model: HandlerModel) -> None:
    async with gate:
        stays, goes = gate.ask(asked("stays")), gate.ask(asked("goes"))
        await gate.until_waiting(2)
        goes.cancel()
        await gate.until_waiting(1)
    assert await answers(stays) == ["stays of stays"]


async def test_more_calls_than_may_wait_are_refused_and_the_others_answered(gate: Gate) -> None:
    async with gate:
        calls = [gate.ask(asked("x")) for _ in range(5)]
        await gate.until_waiting(5)
        with pytest.raises(HandlerUnavailable, match="jobQueueSize"):
            await gate.ask(asked("x"))
    assert len(await answers(*calls)) == 5


async def test_where_tickets_are_used_a_call_is_refused_unless_a_worker_is_free(tmp_path: Path) -> None:
    settings = WorkerSettings(job_ticket=True)
    async with running(archive(tmp_path, SAYS_WHO_CAME_TOGETHER, settings=settings)) as group:
        async with Gate(group):
            with pytest.raises(HandlerUnavailable, match="useJobTicket"):
                await group.call(asked("x"))
        assert (await group.call(asked("x"))).body == b"x of x"
