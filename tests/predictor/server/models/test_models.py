import asyncio
import threading
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import pytest

from transformermodel_api.errors import CorruptArtifact, UserError
from transformermodel_predictor.generalized_handler import GeneralizedHandler
from transformermodel_predictor.loading import LoadedModel
from transformermodel_predictor.protocols.errors import (
    DefaultVersion,
    ModelNotReady,
    UnknownModel,
    UnknownVersion,
    VersionTaken,
)
from transformermodel_predictor.server.models.models import Models, ModelState, in_thread
from transformermodel_predictor.workers import Workers

Make = Callable[[str], GeneralizedHandler]


@pytest.fixture
def worker() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(max_workers=1) as executor:
        yield executor


@pytest.fixture
def handler(tiny_model: LoadedModel) -> GeneralizedHandler:
    return GeneralizedHandler("tiny", tiny_model, Workers())


def make_models(make: Make, worker: ThreadPoolExecutor, *names: str) -> Models:
    models = Models()
    for name in names:
        models.add(name, in_thread(worker, partial(make, name)))
    return models


def no_loader(name: str) -> GeneralizedHandler:
    raise AssertionError("nothing is to be loaded")


def test_a_model_is_being_loaded_at_first(worker: ThreadPoolExecutor) -> None:
    models = make_models(no_loader, worker, "tiny")
    assert models.state("tiny") is ModelState.Loading
    assert not models.ready
    with pytest.raises(ModelNotReady, match="'tiny' is being loaded"):
        models.require_ready("tiny")


def test_there_are_no_others(worker: ThreadPoolExecutor) -> None:
    models = make_models(no_loader, worker, "tiny")
    for ask in (models.state, models.served, models.require_ready):
        with pytest.raises(UnknownModel, match="'huge'"):
            ask("huge")


async def test_the_server_is_ready_when_all_models_are(worker: ThreadPoolExecutor, handler: GeneralizedHandler) -> None:
    seen: list[bool] = []

    def load(name: str) -> GeneralizedHandler:
        seen.append(models.ready)
        return handler

    models = make_models(load, worker, "one", "two")
    await models.load_all()
    assert seen == [False, False]
    assert models.ready
    assert models.served("two") is handler


async def test_a_failed_load_is_told_and_raised(worker: ThreadPoolExecutor) -> None:
    def load(name: str) -> GeneralizedHandler:
        raise CorruptArtifact("model.safetensors is damaged")

    models = make_models(load, worker, "tiny", "next")
    with pytest.raises(CorruptArtifact):
        await models.load_all()
    assert models.state("tiny") is ModelState.Failed
    with pytest.raises(ModelNotReady, match=r"could not be loaded: model\.safetensors is damaged"):
        models.require_ready("tiny")
    assert models.state("next") is ModelState.Loading


async def test_while_the_server_drains_nothing_is_ready_and_all_is_answered(
    worker: ThreadPoolExecutor, handler: GeneralizedHandler
) -> None:
    models = make_models(lambda name: handler, worker, "tiny")
    await models.load_all()
    models.drain()
    assert not models.ready
    with pytest.raises(ModelNotReady, match="is going"):
        models.require_ready("tiny")
    assert len(await asyncio.wait_for(models.served("tiny").answer([{"text": "good"}]), 60)) == 1


async def test_loads_at_the_same_time_are_one_load(worker: ThreadPoolExecutor, handler: GeneralizedHandler) -> None:
    loads: list[str] = []

    def load(name: str) -> GeneralizedHandler:
        loads.append(name)
        return handler

    models = make_models(load, worker, "tiny")
    await asyncio.gather(*(models.load("tiny") for _ in range(5)))
    await models.load("tiny")
    assert loads == ["tiny"]


async def test_unloading_waits_for_those_who_use_the_model(
    worker: ThreadPoolExecutor, handler: GeneralizedHandler
) -> None:
    models = make_models(lambda name: handler, worker, "tiny", "other")
    await models.load_all()
    with models.use("tiny") as used:
        unloading = asyncio.create_task(models.unload("tiny"))
        await models.changed()
        assert models.state("tiny") is ModelState.Unloading
        with pytest.raises(ModelNotReady, match="is being unloaded"):
            models.served("tiny")
        assert models.ready, "the server is as ready without it"
        assert len(await asyncio.wait_for(used.answer([{"text": "good"}]), 60)) == 1
        loading = asyncio.create_task(models.load("tiny"))
        assert not unloading.done()
    await unloading
    await loading
    assert models.state("tiny") is ModelState.Ready, "a load that comes meanwhile follows"


async def test_an_unloaded_model_is_freed(worker: ThreadPoolExecutor, tiny_model: LoadedModel) -> None:
    models = make_models(lambda name: GeneralizedHandler(name, tiny_model, Workers()), worker, "tiny")
    await models.load_all()
    await asyncio.get_running_loop().run_in_executor(worker, int)  # its thread has let go of what it has loaded
    freed = weakref.ref(models.served("tiny"))
    await models.unload("tiny")
    assert freed() is None
    await models.unload("tiny")
    assert models.index[0].state is ModelState.Unloaded


async def test_a_load_whose_caller_goes_goes_on(worker: ThreadPoolExecutor, handler: GeneralizedHandler) -> None:
    begun = asyncio.Event()
    loop = asyncio.get_running_loop()
    released = threading.Event()

    def load(name: str) -> GeneralizedHandler:
        loop.call_soon_threadsafe(begun.set)
        assert released.wait(60)
        return handler

    models = make_models(load, worker, "tiny")
    impatient = asyncio.create_task(models.load("tiny"))
    await begun.wait()
    impatient.cancel()
    patient = asyncio.create_task(models.load("tiny"))
    released.set()
    await asyncio.wait_for(patient, 60)
    assert models.ready


async def test_only_the_version_that_is_there_answers(worker: ThreadPoolExecutor, handler: GeneralizedHandler) -> None:
    models = make_models(lambda name: handler, worker, "tiny")
    await models.load_all()
    version = handler.metadata.version
    assert models.served("tiny", version) is handler
    with pytest.raises(UnknownVersion, match=f"no version '7'; it is version '{version}'"):
        models.require_ready("tiny", "7")


async def test_several_versions_of_a_model_and_one_of_them_the_default(
    worker: ThreadPoolExecutor, tiny_model: LoadedModel
) -> None:
    models = Models()
    handlers = {version: GeneralizedHandler("tiny", tiny_model, Workers()) for version in ("1.0", "2.0")}
    for version, handler in handlers.items():
        await models.add("tiny", in_thread(worker, partial(lambda made: made, handler)), version).load()
    assert models.served("tiny") is models.served("tiny", "1.0") is handlers["1.0"]
    assert models.served("tiny", "2.0") is handlers["2.0"]
    with pytest.raises(UnknownVersion, match=r"no version '3'; it has '1\.0', '2\.0'"):
        models.served("tiny", "3")
    with pytest.raises(VersionTaken, match=r"'2\.0'"):
        models.add("tiny", in_thread(worker, lambda: handlers["2.0"]), "2.0")

    with pytest.raises(DefaultVersion):
        await models.remove(models.find("tiny").find("1.0"))
    models.find("tiny").set_default("2.0")
    await models.remove(models.find("tiny").find("1.0"))
    assert models.served("tiny") is handlers["2.0"]
    await models.remove(models.find("tiny").default)
    assert "tiny" not in models


async def test_a_removed_model_finishes_what_it_has_begun(
    worker: ThreadPoolExecutor, handler: GeneralizedHandler
) -> None:
    models = make_models(lambda name: handler, worker, "tiny")
    await models.load_all()
    with models.use("tiny") as used:
        removing = asyncio.create_task(models.remove(models.find("tiny").default))
        await models.changed()
        assert len(await asyncio.wait_for(used.answer([{"text": "good"}]), 60)) == 1
        assert not removing.done()
    await removing
    assert models.names == []


async def test_one_that_may_fail_leaves_the_others_to_answer(
    worker: ThreadPoolExecutor, handler: GeneralizedHandler
) -> None:
    def fail() -> GeneralizedHandler:
        raise CorruptArtifact("handler.py is broken")

    models = Models()
    models.add("broken", in_thread(worker, fail), may_fail=True)
    with pytest.raises(CorruptArtifact):
        await models.load_all()
    models.add("tiny", in_thread(worker, lambda: handler), may_fail=True)
    await models.load_all()
    assert models.served("tiny") is handler
    with pytest.raises(ModelNotReady, match=r"could not be loaded: handler\.py is broken"):
        models.served("broken")
    assert not models.ready


async def test_what_could_not_be_loaded_is_told_once(
    worker: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    def fail() -> GeneralizedHandler:
        raise CorruptArtifact("handler.py is broken")

    models = Models()
    models.add("first", in_thread(worker, fail), may_fail=True)
    with pytest.raises(CorruptArtifact, match=r"^handler\.py is broken$"):
        await models.load_all()
    assert caplog.messages == [], "whoever catches it tells it"

    models.add("second", in_thread(worker, fail), may_fail=True)
    with pytest.raises(UserError, match=r"^none of the 2 models could be loaded"):
        await models.load_all()
    assert caplog.messages == [
        f"model {name} could not be loaded: handler.py is broken" for name in ("first", "second")
    ]
