"""Artifacts of one model in each form."""

from collections.abc import Callable
from pathlib import Path

import pytest
from transformers import PreTrainedModel

from tests.compiler import require_compiler
from tests.predictor.preparation.forms.own_architecture import own_model
from tests.predictor.preparation.forms.tiny_models import merged
from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.artifact.directory import Artifact, seal
from transformermodel_predictor.artifact.manifest import Provenance
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.preparation.build import build
from transformermodel_predictor.preparation.forms.form import Place

Builder = Callable[..., Artifact]


def candidate(form: Format, precision: Precision = Precision.Float32) -> Candidate:
    """The way to run a form that has one engine."""
    engine = EngineName.Neuron if form is Format.NeuronX else EngineName(form.value)
    return Candidate(form, engine, precision)


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Builds a classifier in a form and seals it, in a folder of its own."""

    def make(model: PreTrainedModel, chosen: Candidate, place: Place | None = None) -> Artifact:
        folder: Path = tmp_path_factory.mktemp("built") / "artifact"
        build(merged(model), TaskName.SequenceClassification, chosen, folder, place or Place())
        made = Provenance(chosen, source="file://tiny", commit="0", adapter=None, libraries={}, pipeline=1)
        return seal(folder, made)

    return make


@pytest.fixture(scope="session")
def traced(built: Builder) -> Artifact:
    """An architecture that transformers does not know, as TorchScript."""
    return built(own_model(), candidate(Format.TorchScript))


@pytest.fixture(scope="session")
def converted(built: Builder) -> Artifact:
    """The same as ONNX."""
    return built(own_model(), candidate(Format.ONNX))


@pytest.fixture(scope="session")
def compiled(built: Builder) -> Artifact:
    """The same as Exported; compiling takes half a minute."""
    require_compiler()
    return built(own_model(), candidate(Format.Exported))
