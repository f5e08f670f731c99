"""The identity of a folder's content."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from transformermodel_predictor.checksums import FileEntry, digest

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
