"""A preparation may be killed at any moment, and several may run at once."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.server import HubServer, serving
from tests.predictor.preparation.adapters import make_encoder, train
from tests.predictor.preparation.conftest import FAITHFUL, Kitchen, request_for
from tests.predictor.preparation.killed import Preparation, Result, Work
from transformermodel_predictor.artifact.directory import open_artifact
from transformermodel_predictor.progress import Step

REQUEST = request_for(
    "hf://org/model",
    "file://adapter",
    preparation={**FAITHFUL, "labels": ["a", "b", "c"], "maxLength": 16},
)


@pytest.fixture
def hub(kitchen: Kitchen) -> Iterator[HubServer]:
    """A hub with an encoder; its adapter is in the kitchen."""
    make_encoder(kitchen.model)
    train(kitchen.model, kitchen.adapter)
    with serving(kitchen.base / "hub") as server:
        server.repositories.publish_folder("org/model", kitchen.model)
        yield server


def work(kitchen: Kitchen, hub: HubServer, store: Path, last: int | None = None) -> Work:
    return Work(REQUEST.canonical(), store, kitchen.base, hub.url, last)


def finish(work: Work) -> Result:
    result = Preparation(work).result()
    assert result is not None
    return result


def files(store: Path) -> set[str]:
    found = (path.relative_to(store) for path in store.rglob("*") if path.is_file())
    return {"/".join(path.parts[:2]) for path in found}


def require_sound(store: Path) -> None:
    """Whatever is published is whole, and every input that is remembered has its artifact."""
    artifacts = {path.name: open_artifact(path) for path in store.glob("artifacts/*")}
    for name, artifact in artifacts.items():
        assert artifact.manifest.digest == name
        assert (artifact.path / "report.json").is_file()
    for pointer in store.glob("inputs/*"):
        assert pointer.name.endswith("~new") or pointer.read_text().strip() in artifacts


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_killed_before_a_change_it_goes_on_to_the_same_end(kitchen: Kitchen, hub: HubServer) -> None:
    undisturbed = finish(work(kitchen, hub, kitchen.base / "undisturbed"))
    expected = files(kitchen.base / "undisturbed")
    assert undisturbed.changes > 20
    assert len(expected) == 2  # one artifact, one input
    publishing = range(undisturbed.changes - 8, undisturbed.changes + 1)
    for last in sorted({*range(1, undisturbed.changes, 4), *publishing}):
        store = kitchen.base / f"killed-{last}"
        assert Preparation(work(kitchen, hub, store, last)).result() is None
        require_sound(store)
        assert finish(work(kitchen, hub, store)).digest == undisturbed.digest
        assert files(store) == expected
        assert list((store / "staging").iterdir()) == []


@pytest.mark.slow
def test_killed_again_and_again_it_goes_on_to_the_same_end(kitchen: Kitchen, hub: HubServer) -> None:
    undisturbed = finish(work(kitchen, hub, kitchen.base / "undisturbed"))
    store = kitchen.base / "store"
    for last in range(3, undisturbed.changes, 7):
        Preparation(work(kitchen, hub, store, last)).result()
        require_sound(store)
    assert finish(work(kitchen, hub, store)).digest == undisturbed.digest
    assert files(store) == files(kitchen.base / "undisturbed")


def test_what_was_downloaded_before_the_kill_is_not_downloaded_again(kitchen: Kitchen, hub: HubServer) -> None:
    store = kitchen.base / "store"
    killed = Preparation(work(kitchen, hub, store), at=Step.Merge)
    killed.await_step(Step.Merge)
    killed.kill()
    hub.requests.clear()
    assert Step.Publish in finish(work(kitchen, hub, store)).steps
    assert not any("/resolve/" in request.path for request in hub.requests)


def test_of_two_at_once_one_works_and_the_other_takes_its_result(kitchen: Kitchen, hub: HubServer) -> None:
    store = kitchen.base / "store"
    first = Preparation(work(kitchen, hub, store), at=Step.Build)
    first.await_step(Step.Build)
    second = Preparation(work(kitchen, hub, store))
    second.await_step(Step.Resolve)
    first.go_on()
    one, other = first.result(), second.result()
    assert one is not None
    assert other is not None
    assert one.digest == other.digest
    assert set(one.steps) == set(Step)
    assert other.steps == (Step.Resolve,)
    assert len(files(store)) == 2


def test_many_at_once_come_to_one_artifact(kitchen: Kitchen, hub: HubServer) -> None:
    store = kitchen.base / "store"
    results = [running.result() for running in [Preparation(work(kitchen, hub, store)) for _ in range(4)]]
    assert len({result.digest for result in results if result}) == 1
    assert sorted(Step.Publish in result.steps for result in results if result) == [False, False, False, True]
    assert len(files(store)) == 2


def test_what_was_built_and_measured_before_the_kill_is_not_done_again(kitchen: Kitchen, hub: HubServer) -> None:
    store = kitchen.base / "store"
    killed = Preparation(work(kitchen, hub, store), at=Step.Test)
    killed.await_step(Step.Test)
    killed.kill()
    assert finish(work(kitchen, hub, store)).steps == (Step.Resolve, Step.Acquire, Step.Test, Step.Publish)
