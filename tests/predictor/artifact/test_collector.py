"""Collecting from real stores, beside preparations and servers."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path
from stat import S_ISDIR

import pytest

from tests.object_stores.fixtures import ObjectServers
from tests.predictor.artifact.conftest import Sealed
from tests.predictor.artifact.places import Folder, Objects, Place
from tests.predictor.artifact.test_store_contract import KEY, OTHER_KEY, publish
from transformermodel_predictor.artifact.collection import Removal
from transformermodel_predictor.artifact.collector import Attempt, collect
from transformermodel_predictor.artifact.holding import held
from transformermodel_predictor.artifact.local_collection import LocalCollectable
from transformermodel_predictor.artifact.local_store import LocalStore
from transformermodel_predictor.artifact.manifest import MANIFEST_FILE
from transformermodel_predictor.objects.location import Scheme

NO_GRACE = timedelta(seconds=-5)
"""As if the grace period were over: services tell times in whole seconds."""
LONG = timedelta(days=1)
REFERENCE = "cluster/team/sentiment"


@pytest.fixture(params=["folder", *Scheme])
def place(request: pytest.FixtureRequest, tmp_path: Path, object_server: ObjectServers) -> Place:
    if request.param == "folder":
        return Folder(tmp_path)
    return Objects.below(object_server(request.param).bucket(), tmp_path)


def run(place: Place, grace: timedelta = NO_GRACE, *, dry_run: bool = False) -> Removal:
    return collect(place.collectable(), grace, dry_run=dry_run)


def test_what_nobody_needs_is_removed_and_counted(place: Place, sealed: Sealed) -> None:
    artifact = publish(place.store(), sealed)
    content = place.content()
    assert run(place, LONG).artifacts == {}
    planned = run(place, dry_run=True)
    assert place.content() == content
    assert planned == run(place)
    assert planned.artifacts.keys() == {artifact.manifest.digest}
    assert planned.inputs == (KEY,)
    assert planned.size > artifact.manifest.size  # the manifest counts, too
    assert place.content() == set()
    assert place.store("two").find(KEY) is None


def test_what_a_model_refers_to_stays_until_it_is_forgotten(place: Place, sealed: Sealed) -> None:
    first = publish(place.store(), sealed)
    second = publish(place.store(), sealed, weights=b"second")
    for artifact in (first, second):
        place.store().refer(REFERENCE, artifact.manifest.digest)
    unneeded = publish(place.store(), sealed, OTHER_KEY, b"third")
    assert run(place).artifacts.keys() == {unneeded.manifest.digest}
    assert place.store("two").open(first.manifest.digest).manifest == first.manifest
    place.collectable().forget(REFERENCE)
    assert run(place).artifacts.keys() == {first.manifest.digest, second.manifest.digest}
    assert place.content() == set()


def test_no_model_is_taken_for_the_lock_or_the_draft_of_another(place: Place) -> None:
    names = [REFERENCE, f"{REFERENCE}.lock", f"{REFERENCE}.new"]
    digests = ["1" * 64, "2" * 64, "3" * 64]
    for name, digest in reversed(list(zip(names, digests, strict=True))):
        place.store().refer(name, digest)
    collectable = place.collectable()
    assert [collectable.used_by(name) for name in names] == [(digest,) for digest in digests]
    collectable.forget(REFERENCE)
    assert [collectable.used_by(name) for name in names] == [(), ("2" * 64,), ("3" * 64,)]
    assert collectable.content().referenced == {"2" * 64, "3" * 64}


def test_what_has_come_to_be_needed_meanwhile_stays(place: Place, sealed: Sealed) -> None:
    artifact = publish(place.store(), sealed)
    digest = artifact.manifest.digest
    store = place.collectable()
    long_ago = datetime.now(UTC) - LONG
    assert store.remove_artifact(digest, (KEY,), long_ago) is Attempt.Needed  # somebody has asked for it since
    place.store().refer(REFERENCE, digest)
    assert store.remove_artifact(digest, (KEY,), datetime.now(UTC) + LONG) is Attempt.Needed
    assert place.store("two").find(KEY) is not None


def test_what_was_found_again_lately_stays_however_old_it_is(tmp_path: Path, sealed: Sealed) -> None:
    store = LocalStore(tmp_path / "store")
    artifact = publish(store, sealed)
    long_ago = (datetime.now(UTC) - 2 * LONG).timestamp()
    for file in (store.root / "inputs" / KEY, artifact.path / "manifest.json"):
        os.utime(file, (long_ago, long_ago))
    collectable = LocalCollectable(store.root)
    assert collect(collectable, LONG, dry_run=True).artifacts.keys() == {artifact.manifest.digest}
    assert store.find(KEY) == artifact
    assert collect(collectable, LONG) == Removal({}, (), {})


def test_what_is_served_from_a_folder_stays(tmp_path: Path, sealed: Sealed) -> None:
    store = LocalStore(tmp_path / "store")
    artifact = publish(store, sealed)
    collectable = LocalCollectable(store.root)
    with held(artifact.path), held(artifact.path):  # two servers
        assert collect(collectable, NO_GRACE) == Removal({}, (), {})
        assert store.find(KEY) == artifact
    assert collect(collectable, NO_GRACE).artifacts.keys() == {artifact.manifest.digest}
    assert list((store.root / "staging").iterdir()) == []


def test_what_a_killed_collector_has_left_of_an_artifact_is_no_obstacle_to_the_next(
    tmp_path: Path, sealed: Sealed
) -> None:
    store = LocalStore(tmp_path / "store")
    artifact = publish(store, sealed)
    left = store.root / "staging" / f"removed-{artifact.manifest.digest}"
    left.mkdir(parents=True)
    (left / "part").touch()
    assert collect(LocalCollectable(store.root), NO_GRACE).artifacts.keys() == {artifact.manifest.digest}
    assert [path for path in store.root.rglob("*") if path.is_file()] == []


def test_an_artifact_that_has_lost_its_manifest_goes_when_nobody_needs_it(tmp_path: Path, sealed: Sealed) -> None:
    store = LocalStore(tmp_path / "store")
    collectable = LocalCollectable(store.root)
    artifact = publish(store, sealed)
    digest = artifact.manifest.digest
    store.refer(REFERENCE, digest)
    (artifact.path / MANIFEST_FILE).unlink()
    others = artifact.path.with_name("of-somebody-else")
    others.mkdir()
    assert collect(collectable, NO_GRACE) == Removal({}, (), {})
    assert collectable.remove_artifact(digest, (), datetime.now(UTC) + LONG) is Attempt.Needed
    collectable.forget(REFERENCE)
    assert collect(collectable, LONG) == Removal({}, (), {})
    planned = collect(collectable, NO_GRACE, dry_run=True)
    assert planned.artifacts == {digest: artifact.manifest.size}
    assert collect(collectable, NO_GRACE) == planned
    assert list((store.root / "artifacts").iterdir()) == [others]
    assert list((store.root / "staging").iterdir()) == []
    assert collectable.remove_artifact(digest, (), datetime.now(UTC) + LONG) is Attempt.Gone


@pytest.mark.parametrize("prepared", [1, 2])
def test_a_whole_artifact_that_is_prepared_while_its_remains_are_removed_stays(
    tmp_path: Path, sealed: Sealed, monkeypatch: pytest.MonkeyPatch, prepared: int
) -> None:
    store = LocalStore(tmp_path / "store")
    artifact = publish(store, sealed)
    (artifact.path / MANIFEST_FILE).unlink()
    left, rename = list(range(prepared)), Path.rename

    def rename_after_a_preparation(path: Path, target: Path) -> Path:
        of_the_collector = "removed-" in f"{path}{target}"
        if of_the_collector and left:
            left.pop()
            publish(store, sealed, OTHER_KEY)
        return rename(path, target)

    with monkeypatch.context() as others_work:
        others_work.setattr(Path, "rename", rename_after_a_preparation)
        collect(LocalCollectable(store.root), NO_GRACE)
    assert left == []
    assert store.find(OTHER_KEY) == artifact
    assert list((store.root / "staging").iterdir()) == []


def test_a_workspace_in_use_stays_and_one_of_a_dead_owner_goes(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    collectable = LocalCollectable(store.root)
    with store.workspace(KEY) as folder:
        (folder / "part").write_bytes(b"half")
        left = store.root / "staging" / OTHER_KEY
        left.mkdir()
        (left / "part").write_bytes(b"left")
        assert collect(collectable, LONG).leftovers == {}
        assert collect(collectable, NO_GRACE).leftovers == {OTHER_KEY: 4}
        assert (folder / "part").read_bytes() == b"half"
        assert not left.exists()


def test_what_its_owner_removes_while_the_collector_looks_is_passed_over(
    tmp_path: Path, sealed: Sealed, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = LocalStore(tmp_path / "store")
    artifact = publish(store, sealed)
    store.refer(REFERENCE, artifact.manifest.digest)
    (store.root / "refs" / "cluster" / "team" / "gone").touch()
    for name in ("gone", KEY):
        (store.root / "staging" / name).mkdir()
    (store.root / "staging" / KEY / "gone").write_bytes(b"part")
    stat = Path.stat

    def stat_and_remove(path: Path, *, follow_symlinks: bool = True) -> os.stat_result:
        found = stat(path, follow_symlinks=follow_symlinks)
        if path.stem == "gone":
            (path.rmdir if S_ISDIR(found.st_mode) else path.unlink)()
        return found

    with monkeypatch.context() as others_work:
        others_work.setattr(Path, "stat", stat_and_remove)
        content = LocalCollectable(store.root).content()
    assert content.referenced == {artifact.manifest.digest}
    assert content.leftovers.keys() == {KEY}
