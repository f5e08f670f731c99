"""Archives that a server opens, and gives up opening."""

import asyncio
from pathlib import Path

import pytest

from tests.predictor.torchserve.reading.archives import packed
from tests.predictor.torchserve.reading.endless import never_built, runs
from tests.predictor.torchserve.until import until
from transformermodel_predictor.server.handlers.archives import Archives
from transformermodel_predictor.torchserve.handler_observer import UnobservedHandler
from transformermodel_predictor.torchserve.handler_options import HandlerOptions
from transformermodel_predictor.torchserve.worker_settings import WorkerSettings


async def test_an_installation_that_is_given_up_ends_at_once_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    package, cache = never_built(tmp_path / "slow"), tmp_path / "cache"
    requirements = {"requirements.txt": f"{package}\n".encode()}
    archive = packed(tmp_path / "archive", requirements, requirements_file="requirements.txt")
    archives = Archives(lambda _: UnobservedHandler(), cache)
    options = HandlerOptions(defaults=WorkerSettings(use_requirements=True))
    opening = asyncio.create_task(archives.open(archive, None, options))
    await until((package / "begun").is_file)
    builder = (package / "begun").read_text()

    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening

    assert list(cache.iterdir()) == []
    await until(lambda: not runs(builder))
    archives.close()
