import asyncio
from pathlib import Path

import pytest
import uvloop

from tests.predictor.torchserve.handler_archives import FOLLOWS_ORDERS, archive, asked, order, running
from tests.predictor.torchserve.in_time import in_time
from transformermodel_predictor.torchserve.call import HandlerFailed
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


async def test_a_function_answers_in_a_process_of_its_own_and_in_the_archives_folder(tmp_path: Path) -> None:
    source = """
        import os

        def handle(data, context):
            return None if data is None else [f"{os.getpid()} {os.getcwd()}"]
    """
    async with running(archive(tmp_path, source)) as model:
        (worker,) = model.workers
        assert worker.ready
        answer = await model.call(asked(b"?"))
    assert answer.body.decode() == f"{worker.pid} {tmp_path}"


async def test_a_handler_that_cannot_load_is_told_with_its_own_problem(tmp_path: Path) -> None:
    model = archive(tmp_path, "def handle(data, context):\n    raise RuntimeError('no weights here')")
    with pytest.raises(HandlerFailed, match=r"no weights here \(handler.py, line 2, in handle\)") as told:
        async with running(model):
            pass
    assert told.value.status == 500


async def test_a_configuration_that_cannot_be_passed_on_is_told(tmp_path: Path) -> None:
    model = archive(tmp_path, "def handle(data, context): ...", configuration={"seed": 2**70})
    with pytest.raises(HandlerFailed, match="cannot be told its configuration"):
        async with running(model):
            pass


async def test_a_call_that_cannot_be_passed_on_harms_no_other(tmp_path: Path) -> None:
    async with running(archive(tmp_path, FOLLOWS_ORDERS)) as model:
        with pytest.raises(HandlerFailed, match="cannot be passed on") as told:
            await model.call(asked("x", broken="\ud800"))
        assert told.value.status == 400
        assert (await model.call(order("answers = ['fine']"))).body == b"fine"


async def test_as_many_workers_as_are_wanted_at_least_are_ready_when_it_returns(tmp_path: Path) -> None:
    model = archive(tmp_path, "def handle(data, context): ...", settings=WorkerSettings(min_workers=2, max_workers=3))
    async with running(model) as group:
        assert [worker.ready for worker in group.workers] == [True, True]


async def test_every_worker_is_given_an_accelerator_in_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transformermodel_predictor.torchserve.workers.starting.accelerator_count", lambda: 2)
    source = "def handle(data, context):\n    return data and [str(context.system_properties['gpu_id'])]\n"
    async with running(archive(tmp_path, source, settings=WorkerSettings(min_workers=2, max_workers=2))) as model:
        assert {worker.device for worker in model.workers} == {0, 1}
        assert (await model.call(asked(b"?"))).body in {b"0", b"1"}


def test_workers_answer_on_the_servers_event_loop(tmp_path: Path) -> None:
    batches, impatient = WorkerSettings(batch_size=2, max_batch_delay=20), WorkerSettings(response_timeout=1)

    async def asking() -> None:
        async with running(archive(tmp_path, FOLLOWS_ORDERS, settings=batches)) as model:
            fine = order("answers = ['fine' for row in rows]")
            both = await asyncio.gather(model.call(fine), model.call(fine))
            assert [reply.body for reply in both] == [b"fine", b"fine"]
            assert [piece.body async for piece in model.stream(fine)] == [b"fine"]
        async with running(archive(tmp_path, FOLLOWS_ORDERS, settings=impatient)) as model:
            with pytest.raises(HandlerFailed, match="responseTimeout"):
                await model.call(order("while True: pass"))
            assert await in_time(model, fine) == b"fine"

    uvloop.run(asking())
