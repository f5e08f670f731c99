import json
import tracemalloc
from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification

from tests.predictor.preparation.forms.conftest import Builder
from tests.predictor.preparation.forms.tiny_models import tiny_model
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Format, Precision
from transformermodel_api.spec import TaskName
from transformermodel_predictor.candidate import Candidate, EngineName
from transformermodel_predictor.preparation.forms.cast import cast_weights
from transformermodel_predictor.preparation.forms.catalogue import refusal
from transformermodel_predictor.preparation.forms.form import Place

MEBIBYTE = 2**20


def pretrained(precision: Precision, engine: EngineName = EngineName.Pretrained) -> Candidate:
    return Candidate(Format.Pretrained, engine, precision)


def test_bfloat16_is_stored_as_bfloat16_and_the_model_in_memory_stays_as_it_was(built: Builder) -> None:
    model = tiny_model("bert")
    folder = built(model, pretrained(Precision.BFloat16)).path
    stored, own = load_file(folder / "model.safetensors"), model.state_dict()
    assert set(stored) == set(own)
    for name, tensor in own.items():
        assert tensor.dtype is torch.float32
        assert torch.equal(stored[name], tensor.bfloat16())
    assert json.loads((folder / "config.json").read_text())["dtype"] == "bfloat16"
    assert AutoModelForSequenceClassification.from_pretrained(folder).dtype is torch.bfloat16


def test_the_same_model_gives_the_same_bytes(built: Builder) -> None:
    first, second = (built(tiny_model("bert"), pretrained(Precision.BFloat16)) for _ in range(2))
    assert first.manifest.digest == second.manifest.digest


def test_weights_are_cast_one_tensor_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    weights = {f"weight{index}": torch.full((MEBIBYTE // 4,), 1.0 + index) for index in range(16)}
    save_file({**weights, "ids": torch.arange(3), "none": torch.zeros(0, 4)}, file, metadata={"format": "pt"})
    tracemalloc.start()
    try:
        cast_weights(file, torch.bfloat16)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * MEBIBYTE
    cast = load_file(file)
    assert all(torch.equal(cast[name], weight.bfloat16()) for name, weight in weights.items())
    assert torch.equal(cast["ids"], torch.arange(3))
    assert cast["none"].shape == (0, 4)
    with safe_open(file, framework="pt") as opened:
        assert opened.metadata() == {"format": "pt"}
    assert [path.name for path in tmp_path.iterdir()] == ["model.safetensors"]


def test_weights_for_int8_are_stored_in_float32(built: Builder) -> None:
    exact, quantised = (
        built(tiny_model("bert"), pretrained(precision)) for precision in (Precision.Float32, Precision.Int8)
    )
    weights = (exact.path / "model.safetensors", quantised.path / "model.safetensors")
    assert weights[0].read_bytes() == weights[1].read_bytes()


@pytest.mark.parametrize(
    ("candidate", "task", "place", "reason"),
    [
        (pretrained(Precision.Float16), TaskName.SequenceClassification, Place(), "Float16 is for GPUs"),
        (pretrained(Precision.Int8), TaskName.SequenceClassification, Place(torch.device("cuda")), "on CPUs alone"),
        (pretrained(Precision.Float32, EngineName.Packed), TaskName.TextGeneration, Place(), "runs encoders"),
        (
            Candidate(Format.ONNX, EngineName.ONNX, Precision.BFloat16),
            TaskName.SequenceClassification,
            Place(),
            "the form ONNX is not run by the engine ONNX in BFloat16; there is: ONNX in Float32, ONNX in Int8",
        ),
        (
            Candidate(Format.Neuron, EngineName.Neuron, Precision.Float32),
            TaskName.TextGeneration,
            Place(),
            "QuestionAnswering, not for TextGeneration",
        ),
        (
            Candidate(Format.ONNX, EngineName.ONNX, Precision.Float32),
            TaskName.SequenceClassification,
            Place(torch.device("cuda")),
            "on the CPU alone",
        ),
    ],
    ids=str,
)
def test_what_does_not_suit_is_said_before_anything_is_built(
    candidate: Candidate, task: TaskName, place: Place, reason: str
) -> None:
    said = refusal(candidate, task, "bert", place)
    assert said is not None
    assert reason in said
    assert not said.endswith(".")


def test_half_precision_runs_where_the_device_has_it() -> None:
    place = Place(torch.device("cuda"))
    assert refusal(pretrained(Precision.Float16), TaskName.SequenceClassification, "bert", place) is None


def test_a_refused_candidate_leaves_no_folder(built: Builder, tmp_path: Path) -> None:
    with pytest.raises(PreparationFailed, match="UnsupportedForm: Float16 is for GPUs"):
        built(tiny_model("bert"), pretrained(Precision.Float16))
