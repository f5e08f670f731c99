import json

import pytest

from transformermodel_predictor.artifact.manifest import Manifest, Provenance, read_manifest
from transformermodel_predictor.checksums import FileEntry

A = FileEntry("a.txt", 1, "a" * 64)
B = FileEntry("b/c.txt", 2, "b" * 64)


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
