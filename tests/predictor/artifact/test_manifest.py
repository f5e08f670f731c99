import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.artifact.manifest import FileEntry, Manifest, Provenance, digest, read_manifest

A = FileEntry("a.txt", 1, "a" * 64)
B = FileEntry("b/c.txt", 2, "b" * 64)


def entries() -> st.SearchStrategy[list[FileEntry]]:
    entry = st.builds(
        FileEntry,
        path=st.from_regex(r"[a-z]{1,4}(/[a-z]{1,4})?", fullmatch=True),
        size=st.integers(0, 10**12),
        sha256=st.from_regex(r"[0-9a-f]{64}", fullmatch=True),
    )
    return st.lists(entry, max_size=5, unique_by=lambda each: each.path)


@given(entries().flatmap(lambda files: st.tuples(st.just(files), st.permutations(files))))
def test_the_digest_does_not_depend_on_the_order_of_files(pair: tuple[list[FileEntry], list[FileEntry]]) -> None:
    assert digest(pair[0]) == digest(pair[1])


@pytest.mark.parametrize(
    "other",
    [
        [A],
        [A, FileEntry("b/d.txt", 2, B.sha256)],
        [A, FileEntry(B.path, 3, B.sha256)],
        [A, FileEntry(B.path, 2, "c" * 64)],
    ],
    ids=["a file less", "another name", "another size", "other bytes"],
)
def test_the_digest_depends_on_everything_else(other: list[FileEntry]) -> None:
    assert digest(other) != digest([A, B])


def test_a_manifest_is_read_as_it_was_written(provenance: Provenance) -> None:
    manifest = Manifest((A, B), provenance)
    assert read_manifest(manifest.text()) == manifest
    assert manifest.size == 3
    assert json.loads(manifest.text())["digest"] == manifest.digest


def changed(manifest: Manifest, **fields: object) -> str:
    return json.dumps({**json.loads(manifest.text()), **fields})


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"digest": "0" * 64}, "list of files"),
        ({"schemaVersion": 2}, "schemaVersion 2"),
        ({"files": None}, "wrong type"),
        ({"files": [{"path": "../x", "size": 1, "sha256": "a"}]}, "leaves the folder"),
        ({"files": [{"path": "/etc/passwd", "size": 1, "sha256": "a"}]}, "leaves the folder"),
        ({"candidate": {"format": "Pretrained"}}, "missing"),
    ],
)
def test_what_is_not_a_manifest_is_refused(provenance: Provenance, fields: dict[str, object], problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_manifest(changed(Manifest((A, B), provenance), **fields))
