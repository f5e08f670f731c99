"""What a model leaves behind goes with it, and nothing else, in every kind of store."""

from pathlib import Path

import pytest

from tests.object_stores.fixtures import ObjectServers
from tests.predictor.artifact.conftest import Sealed
from tests.predictor.artifact.places import Folder, Objects, Place
from tests.predictor.artifact.test_store_contract import KEY, OTHER_KEY, publish
from transformermodel_predictor.artifact.holding import held
from transformermodel_predictor.artifact.local_collection import LocalCollectable
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.artifact.retirement import retire
from transformermodel_predictor.objects.location import Scheme

LEAVING, STAYING = "cluster/team/leaving", "cluster/team/staying"


def never(_: float) -> None:
    """A pause that must not be made."""
    pytest.fail("it is waited for")


@pytest.fixture(params=["folder", Scheme.S3])
def place(request: pytest.FixtureRequest, tmp_path: Path, object_server: ObjectServers) -> Place:
    if request.param == "folder":
        return Folder(tmp_path)
    return Objects.below(object_server(request.param).bucket(), tmp_path)


def test_what_it_alone_used_goes_at_once_with_all_that_led_to_it(place: Place, sealed: Sealed) -> None:
    artifact = publish(place.store(), sealed)
    place.store().refer(LEAVING, artifact.manifest.digest)
    retirement = retire(place.collectable(), LEAVING)
    assert retirement.removed.keys() == {artifact.manifest.digest}
    assert retirement.kept == ()
    assert place.content() == set()


def test_what_others_use_or_nobody_has_named_stays(place: Place, sealed: Sealed) -> None:
    shared = publish(place.store(), sealed)
    unnamed = publish(place.store(), sealed, OTHER_KEY, b"second")
    for reference in (LEAVING, STAYING):
        place.store().refer(reference, shared.manifest.digest)
    retirement = retire(place.collectable(), LEAVING)
    assert (retirement.removed, retirement.kept) == ({}, (shared.manifest.digest,))
    for artifact in (shared, unnamed):
        assert place.store("two").open(artifact.manifest.digest).manifest == artifact.manifest
    assert place.collectable().used_by(LEAVING) == ()
    assert place.collectable().used_by(STAYING) == (shared.manifest.digest,)


def test_the_models_that_refer_to_something_can_be_listed(place: Place, sealed: Sealed) -> None:
    digest = publish(place.store(), sealed).manifest.digest
    for reference in (STAYING, LEAVING):
        place.store().refer(reference, digest)
    assert place.collectable().references() == tuple(sorted((LEAVING, STAYING)))
    retire(place.collectable(), LEAVING)
    assert place.collectable().references() == (STAYING,)


def test_a_second_time_there_is_nothing_to_do(place: Place, sealed: Sealed) -> None:
    place.store().refer(LEAVING, publish(place.store(), sealed).manifest.digest)
    retire(place.collectable(), LEAVING)
    again = retire(place.collectable(), LEAVING)
    assert (again.removed, again.kept) == ({}, ())


def test_a_server_that_has_not_ended_yet_is_waited_for(tmp_path: Path, sealed: Sealed) -> None:
    store = LocalStore(tmp_path)
    artifact = publish(store, sealed)
    store.refer(LEAVING, artifact.manifest.digest)
    server = held(artifact.path)
    server.__enter__()
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            server.__exit__(None, None, None)

    assert retire(LocalCollectable(tmp_path), LEAVING, pause).removed.keys() == {artifact.manifest.digest}
    assert len(pauses) == 2


def test_a_server_that_does_not_end_keeps_its_artifact(tmp_path: Path, sealed: Sealed) -> None:
    store = LocalStore(tmp_path)
    artifact = publish(store, sealed)
    store.refer(LEAVING, artifact.manifest.digest)
    with held(artifact.path):
        assert retire(LocalCollectable(tmp_path), LEAVING, lambda _: None).kept == (artifact.manifest.digest,)
    assert store.find(KEY) is not None


def test_what_is_needed_again_is_not_waited_for_even_where_a_server_has_it_open(tmp_path: Path, sealed: Sealed) -> None:
    store = LocalStore(tmp_path)
    artifact = publish(store, sealed)
    digest = artifact.manifest.digest
    store.refer(LEAVING, digest)
    pauses: list[float] = []

    def pause(seconds: float) -> None:
        pauses.append(seconds)
        store.refer(STAYING, digest)  # prepared again while the server's end is waited for

    with held(artifact.path):
        retirement = retire(LocalCollectable(tmp_path), LEAVING, pause)
    assert (retirement.removed, retirement.kept) == ({}, (digest,))
    assert len(pauses) == 1


def test_what_is_asked_for_while_it_is_looked_at_is_not_waited_for(
    place: Place, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = publish(place.store(), sealed).manifest.digest
    place.store().refer(LEAVING, digest)
    store = place.collectable()
    content = store.content(LEAVING)
    place.store().refer(STAYING, digest)
    monkeypatch.setattr(store, "content", lambda leaving: content)
    assert retire(store, LEAVING, never).kept == (digest,)


def test_what_somebody_else_has_removed_is_neither_waited_for_nor_kept(
    place: Place, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact = publish(place.store(), sealed)
    place.store().refer(LEAVING, artifact.manifest.digest)
    store = place.collectable()
    content = store.content(LEAVING)
    retire(place.collectable(), LEAVING)
    place.store().refer(LEAVING, artifact.manifest.digest)
    monkeypatch.setattr(store, "content", lambda leaving: content)
    retirement = retire(store, LEAVING, never)
    assert (retirement.removed, retirement.kept) == ({}, ())
