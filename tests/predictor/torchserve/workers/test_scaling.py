"""More workers and fewer, while calls come."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.predictor.torchserve.gate import Gate
from tests.predictor.torchserve.handler_archives import FOLLOWS_ORDERS, archive, asked, order, running
from tests.predictor.torchserve.until import until
from transformermodel_predictor.torchserve.call import HandlerFailed, HandlerUnavailable
from transformermodel_predictor.torchserve.handler_model import HandlerModel

WAITS = """
    import os, time

    def handle(rows, context):
        while rows and rows[0]["body"] == "wait" and os.path.exists("shut"):
            time.sleep(0.005)
        return rows and [str(os.getpid())]
"""


def pids(model: HandlerModel) -> set[int]:
    return {worker.pid for worker in model.workers}


async def test_workers_come_and_go_and_settings_say_how_many_are_wanted(tmp_path: Path) -> None:
    async with running(archive(tmp_path, WAITS)) as model:
        (first,) = pids(model)
        await model.scale(3, 4)
        assert (len(pids(model)), model.settings.min_workers, model.settings.max_workers) == (3, 3, 4)
        assert all(worker.ready and worker.memory > 0 for worker in model.workers)
        assert [worker.number for worker in model.workers] == [0, 1, 2]
        await model.scale(1, 2)
        assert len(pids(model)) == 2
        await model.scale(1, 1)
        assert pids(model) == {first}


async def test_without_workers_calls_are_refused(tmp_path: Path) -> None:
    async with running(archive(tmp_path, WAITS)) as model:
        await model.scale(0, 0)
        with pytest.raises(HandlerUnavailable, match="the model model has no worker"):
            await model.call(asked("x"))
        await model.scale(1, 1)
        assert int((await model.call(asked("x"))).body) in pids(model)


async def test_while_one_works_another_answers(tmp_path: Path) -> None:
    async with running(archive(tmp_path, WAITS)) as model:
        await model.scale(2, 2)
        async with Gate(model) as gate:
            answers = [await gate.ask(asked("x")) for _ in range(3)]
        free, busy = {reply.body for reply in answers}, (await gate.first()).body
        assert len(free) == 1
        assert busy not in free


async def test_a_worker_that_is_not_wanted_any_more_finishes_what_it_has_begun(tmp_path: Path) -> None:
    async with running(archive(tmp_path, WAITS)) as model:
        (pid,) = pids(model)
        async with Gate(model) as gate:
            scaled = asyncio.create_task(model.scale(0, 0))
            await asyncio.sleep(0)  # until it has begun
            with pytest.raises(HandlerUnavailable):
                await gate.ask(asked("x"))
        await scaled
        assert (await gate.first()).body.decode() == str(pid)


async def test_a_worker_that_cannot_be_added_is_told_and_the_others_go_on(tmp_path: Path) -> None:
    source = FOLLOWS_ORDERS.replace("return None", 'return open("weights")', 1)
    (tmp_path / "weights").touch()
    async with running(archive(tmp_path, source)) as model:
        (tmp_path / "weights").unlink()
        with pytest.raises(HandlerFailed, match="No such file or directory: 'weights'"):
            await model.scale(2, 2)
        assert (len(model.workers), model.settings.min_workers) == (1, 1)
        assert (await model.call(order("answers = ['fine']"))).body == b"fine"


async def test_closing_finishes_what_waits_and_refuses_what_comes(tmp_path: Path) -> None:
    async with running(archive(tmp_path, WAITS)) as model:
        async with Gate(model) as gate:
            waiting = gate.ask(asked("x"))
            await gate.until_waiting(1)
            closing = asyncio.create_task(model.close())
            await asyncio.sleep(0)
            with pytest.raises(HandlerUnavailable, match="is being stopped"):
                await model.call(asked("late"))
        assert (await waiting).status == 200
        await closing
        assert not model.workers


async def test_closing_ends_a_worker_that_is_just_being_started(tmp_path: Path) -> None:
    async with running(archive(tmp_path, WAITS)) as model:
        scaled = asyncio.create_task(model.scale(2, 2))
        await asyncio.sleep(0)
        os.kill(model.workers[0].pid, signal.SIGKILL)
        await until(lambda: not model.workers[0].ready)
    assert not model.workers
    assert scaled.done()
