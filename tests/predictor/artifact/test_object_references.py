"""Which artifacts models use, where several machines write at once and earlier versions have written."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.object_stores.fixtures import ObjectServers
from tests.predictor.artifact.places import Objects
from transformermodel_predictor.artifact.object_references import Note, newest
from transformermodel_predictor.artifact.references import KEPT_REVISIONS
from transformermodel_predictor.objects.bucket import StoredObject
from transformermodel_predictor.objects.location import Scheme

MODEL, OTHER = "cluster/team/sentiment", "cluster/team/sentiment-2"
FIRST, SECOND, THIRD = "1" * 64, "2" * 64, "3" * 64
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def place(tmp_path: Path, object_server: ObjectServers) -> Objects:
    return Objects.below(object_server(Scheme.S3).bucket(), tmp_path)


def test_of_two_preparations_at_once_neither_loses_its_reference(
    place: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = place.bucket.write

    def write_after_the_other(key: str, content: bytes) -> None:
        monkeypatch.setattr(place.bucket, "write", write)
        place.store("two").refer(MODEL, SECOND)
        write(key, content)

    monkeypatch.setattr(place.bucket, "write", write_after_the_other)
    place.store("one").refer(MODEL, FIRST)
    assert set(place.collectable().used_by(MODEL)) == {FIRST, SECOND}


def test_an_old_reference_that_is_renewed_while_another_removes_old_ones_is_kept(
    place: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = [f"{number:x}" * 64 for number in range(KEPT_REVISIONS + 1)]
    for digest in digests[:-1]:
        place.store().refer(MODEL, digest)
    listing = place.bucket.list

    def renewed_after_it_was_listed(key: str = "") -> list[StoredObject]:
        found = listing(key)
        monkeypatch.setattr(place.bucket, "list", listing)
        place.bucket.write(f"refs/{MODEL}~{digests[0]}", f"{digests[0]}\n".encode())
        return found

    monkeypatch.setattr(place.bucket, "list", renewed_after_it_was_listed)
    place.store().refer(MODEL, digests[-1])
    assert digests[0] in place.collectable().used_by(MODEL)


def test_a_reference_that_another_has_removed_as_an_old_one_is_written_again(
    place: Objects, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = place.bucket.list

    def after_a_removal(key: str = "") -> list[StoredObject]:
        monkeypatch.setattr(place.bucket, "list", listing)
        place.bucket.remove([f"refs/{MODEL}~{FIRST}"])
        return listing(key)

    monkeypatch.setattr(place.bucket, "list", after_a_removal)
    place.store().refer(MODEL, FIRST)
    assert place.collectable().used_by(MODEL) == (FIRST,)


def test_what_an_earlier_version_has_written_counts_and_goes_with_its_model(place: Objects) -> None:
    place.bucket.write(f"refs/{MODEL}", f"{SECOND}\n{FIRST}\n".encode())
    place.store().refer(OTHER, FIRST)
    collectable = place.collectable()
    assert collectable.used_by(MODEL) == (SECOND, FIRST)
    place.store().refer(MODEL, THIRD)
    assert set(collectable.used_by(MODEL)) == {THIRD, SECOND, FIRST}
    assert collectable.content().referenced == {FIRST, SECOND, THIRD}
    assert collectable.content(leaving=MODEL).referenced == {FIRST}
    collectable.forget(MODEL)
    assert collectable.used_by(MODEL) == ()
    assert place.paths() == {f"refs/{OTHER}~{FIRST}"}


def test_an_earlier_version_still_finds_what_is_referred_to(place: Objects) -> None:
    place.store().refer(MODEL, FIRST)
    texts = [place.bucket.read(stored.key) for stored in place.bucket.list("refs")]  # as it did
    assert [text.decode().split() for text in texts if text] == [[FIRST]]


def test_the_last_few_are_kept(place: Objects) -> None:
    for number in range(KEPT_REVISIONS + 3):
        place.store().refer(MODEL, f"{number:064}")
    assert f"refs/{MODEL}~{KEPT_REVISIONS + 2:064}" in place.paths()
    assert len(place.collectable().used_by(MODEL)) == KEPT_REVISIONS
    assert len(place.paths()) <= KEPT_REVISIONS + 1  # of several in one second any may be the oldest


def test_the_newest_is_what_was_written_last_and_named_first() -> None:
    notes = [
        Note("old", MODEL, (SECOND, FIRST), NOW),
        Note("newer", MODEL, (THIRD,), NOW + timedelta(minutes=1)),
        Note("again", MODEL, (FIRST,), NOW + timedelta(minutes=2)),
    ]
    assert newest(notes) == (FIRST, THIRD, SECOND)
    many = [Note(str(age), MODEL, (f"{age:064}",), NOW - timedelta(minutes=age)) for age in range(20)]
    assert newest(many) == tuple(f"{age:064}" for age in range(KEPT_REVISIONS))
