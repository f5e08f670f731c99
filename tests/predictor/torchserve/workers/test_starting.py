from pathlib import Path

import pytest

from tests.predictor.torchserve.handler_archives import archive, asked, running
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


async def test_as_many_workers_as_are_wanted_at_least_are_ready_when_it_returns(tmp_path: Path) -> None:
    model = archive(tmp_path, "def handle(data, context): ...", settings=WorkerSettings(min_workers=2, max_workers=3))
    async with running(model) as group:
        assert [worker.ready for worker in group.workers] == [True, True]
