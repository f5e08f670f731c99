"""Small folders that can be sealed: an artifact needs no model to be verified."""

from collections.abc import Callable
from pathlib import Path

import pytest

from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.artifact.configuration import CONFIGURATION_FILE, ModelConfiguration
from transformermodel_predictor.artifact.directory import Artifact, seal
from transformermodel_predictor.artifact.labels import LABELS_FILE, labels_text
from transformermodel_predictor.artifact.manifest import Provenance
from transformermodel_predictor.candidate import Candidate, EngineName

Sealed = Callable[..., Artifact]


@pytest.fixture
def provenance() -> Provenance:
    return Provenance(
        candidate=Candidate(Format.Pretrained, EngineName.Pretrained, Precision.Float32),
        source="hf://org/model@0123",
        commit="0123",
        adapter=None,
        libraries={"torch": "2.13.0"},
        pipeline=1,
    )


@pytest.fixture
def sealed(provenance: Provenance) -> Sealed:
    """Build and seal a folder with some bytes for weights."""

    def make(folder: Path, weights: bytes = b"weights") -> Artifact:
        (folder / "nested").mkdir(parents=True)
        (folder / "model.safetensors").write_bytes(weights)
        (folder / "nested" / "vocab.txt").write_text("good\nbad\n")
        (folder / CONFIGURATION_FILE).write_text(ModelConfiguration(max_length=64).text())
        (folder / LABELS_FILE).write_text(labels_text(("NEGATIVE", "POSITIVE")))
        return seal(folder, provenance)

    return make
