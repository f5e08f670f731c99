"""Against stand-ins for Neuron's libraries: its hardware is not here."""

import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch

from tests.predictor.preparation.forms.comparison import difference
from tests.predictor.preparation.forms.conftest import Builder, candidate
from tests.predictor.preparation.forms.tiny_models import MAX_LENGTH, merged, rows, tiny_model
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Format
from transformermodel_api.spec import TaskName
from transformermodel_predictor.loading import LoadedModel, load_model
from transformermodel_predictor.preparation.build import build
from transformermodel_predictor.preparation.forms.form import Place

FORMS = {Format.Neuron: "torch_neuron", Format.NeuronX: "torch_neuronx"}
ROWS = 4


class FixedShape(torch.nn.Module):
    """A traced model that takes the shape it was compiled for and no other, as Neuron's do."""

    def __init__(self, traced: Any, shape: list[int]) -> None:
        super().__init__()
        self.traced = traced
        self.shape = shape

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, types: torch.Tensor) -> tuple[torch.Tensor]:
        if list(ids.shape) != self.shape:
            raise RuntimeError("compiled for another shape")
        return self.traced(ids, mask, types)  # type: ignore[no-any-return]


def compile_like_neuron(model: torch.nn.Module, example: tuple[torch.Tensor, ...]) -> Any:
    script: Any = torch.jit.script
    trace: Any = torch.jit.trace
    return script(FixedShape(trace(model, example), list(example[0].shape)))


@pytest.fixture(params=FORMS, ids=str)
def form(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Format:
    """A form whose library is installed, as far as anyone can tell."""
    chosen: Format = request.param
    library: Any = ModuleType(FORMS[chosen])
    library.trace = compile_like_neuron
    monkeypatch.setitem(sys.modules, FORMS[chosen], library)
    return chosen


def test_batches_of_any_size_become_batches_of_the_one_that_was_compiled(built: Builder, form: Format) -> None:
    model = tiny_model("bert")
    artifact = built(model, candidate(form), Place(batch_size=ROWS))
    loaded = load_model(artifact)
    assert isinstance(loaded, LoadedModel)
    for lengths in ((3,), (9, 3, 2, 7), (2, 30, 17, MAX_LENGTH, 5, 8)):
        assert difference(loaded.engine, model, rows(*lengths)) < 1e-4
    assert artifact.configuration.save_mode == "torchscript"
    assert artifact.configuration.hardware == form.value.lower()


@pytest.mark.parametrize("form", FORMS, ids=str)
def test_without_the_library_it_is_refused_with_its_name(tmp_path: Path, form: Format) -> None:
    with pytest.raises(PreparationFailed, match=f"UnsupportedForm: .* needs the package {FORMS[form]}, which is not"):
        build(
            merged(tiny_model("bert")),
            TaskName.SequenceClassification,
            candidate(form),
            tmp_path / "artifact",
            Place(batch_size=ROWS),
        )
    assert not (tmp_path / "artifact").exists()


def test_without_a_batch_size_it_is_refused(built: Builder, form: Format) -> None:
    with pytest.raises(PreparationFailed, match=r"set spec\.preparation\.batchSize"):
        built(tiny_model("bert"), candidate(form))
