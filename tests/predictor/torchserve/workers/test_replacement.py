"""Workers that die, hang or give up: who notices, and what it costs."""

import asyncio
import os
import signal
from pathlib import Path

import pytest

from tests.predictor.torchserve.handler_archives import FOLLOWS_ORDERS, archive, order, running
from tests.predictor.torchserve.in_time import in_time
from tests.predictor.torchserve.listening import Listening
from tests.predictor.torchserve.until import until
from transformermodel_predictor.torchserve.call import HandlerFailed, HandlerUnavailable
from transformermodel_predictor.torchserve.handler_model import HandlerModel
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings

FINE = order("answers = ['fine']")


async def failure(model: HandlerModel, text: str) -> HandlerFailed:
    with pytest.raises(HandlerFailed) as told:
        await model.call(order(text))
    return told.value


@pytest.mark.parametrize(
    ("text", "told", "status"),
    [
        ("import os; os._exit(3)", "ended with exit status 3 while it worked on this", 500),
        ("import os, signal; os.kill(os.getpid(), signal.SIGSEGV)", "was killed by SIGSEGV while it worked", 500),
        ("import os, signal; os.kill(os.getpid(), signal.SIGKILL)", "SIGKILL, as happens where memory runs out", 500),
        ("import sys; sys.exit(3)", "the handler called sys.exit(3) (handler.py", 503),
        ("raise KeyboardInterrupt", "KeyboardInterrupt (handler.py", 503),
    ],
)
async def test_a_worker_that_ends_is_replaced_and_its_call_told_how(
    tmp_path: Path, text: str, told: str, status: int
) -> None:
    async with running(archive(tmp_path, FOLLOWS_ORDERS)) as model:
        before = model.workers[0].pid
        error = await failure(model, text)
        assert told in str(error)
        assert error.status == status
        assert (await model.call(FINE)).body == b"fine"
        assert model.workers[0].pid != before


@pytest.mark.parametrize("text", ["while True: pass", "import time; time.sleep(1000)"])
async def test_a_worker_that_does_not_answer_in_time_is_replaced(tmp_path: Path, text: str) -> None:
    settings = WorkerSettings(response_timeout=1)
    async with running(archive(tmp_path, FOLLOWS_ORDERS, settings=settings)) as model:
        error = await failure(model, text)
        assert "did not answer within 1 seconds (responseTimeout) and is replaced" in str(error)
        assert error.status == 500
        assert await in_time(model, FINE) == b"fine"


async def test_what_a_handler_has_started_ends_with_its_worker(tmp_path: Path) -> None:
    text = """
        import subprocess, sys
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1000)"])
        answers = [str(child.pid)]
    """
    async with running(archive(tmp_path, FOLLOWS_ORDERS)) as model:
        child = int((await model.call(order(text))).body)
        await failure(model, "import os; os._exit(0)")
        await until(lambda: not is_running(child))


async def test_a_worker_killed_under_load_costs_only_the_calls_in_its_hands(tmp_path: Path) -> None:
    listening = Listening()
    async with running(archive(tmp_path, FOLLOWS_ORDERS), listening) as model:
        os.kill(model.workers[0].pid, signal.SIGSTOP)
        calls = [asyncio.create_task(model.call(FINE)) for _ in range(20)]
        await until(lambda: model.waiting == 19)
        os.kill(model.workers[0].pid, signal.SIGKILL)
        results = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(result) for result in results[:1]] == [HandlerFailed]
        assert {result.body for result in results[1:] if not isinstance(result, BaseException)} == {b"fine"}
        assert sum(isinstance(result, BaseException) for result in results) == 1
        assert listening.replacements == 1


async def test_a_worker_that_cannot_be_started_again_leaves_its_calls_with_the_reason(tmp_path: Path) -> None:
    source = FOLLOWS_ORDERS.replace("return None", 'return open("weights")', 1)
    (tmp_path / "weights").touch()
    model = archive(tmp_path, source, settings=WorkerSettings(retry_timeout=0))
    async with running(model) as group:
        (tmp_path / "weights").unlink()
        await failure(group, "import os; os._exit(0)")
        with pytest.raises(HandlerUnavailable, match=r"the last one .*No such file or directory: 'weights'"):
            await group.call(FINE)
        assert "weights" in group.workers[0].problem
        (tmp_path / "weights").touch()
        await group.scale(1, 1)
        assert (await group.call(FINE)).body == b"fine"


async def test_one_models_broken_worker_does_not_hinder_another(tmp_path: Path) -> None:
    one, two = (archive(tmp_path / name, FOLLOWS_ORDERS, name=name) for name in ("one", "two"))
    async with running(one) as broken, running(two) as healthy:
        hanging = asyncio.create_task(broken.call(order("while True: pass")))
        assert (await healthy.call(FINE)).body == b"fine"
        os.kill(broken.workers[0].pid, signal.SIGKILL)
        with pytest.raises(HandlerFailed):
            await hanging


def is_running(pid: int) -> bool:
    """Whether more than a process's name is left."""
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] != "Z"
