import json
from pathlib import Path

import pytest
import torch

from tests.predictor.preparation.forms.comparison import difference
from tests.predictor.preparation.forms.conftest import Builder, candidate
from tests.predictor.preparation.forms.own_architecture import LengthDependent, own_model
from tests.predictor.preparation.forms.tiny_models import rows, tiny_model
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.loading import LoadedModel, load_model

TORCHSCRIPT = candidate(Format.TorchScript)


def test_it_holds_the_graph_how_it_is_called_and_the_weights_that_explain_it(traced: Artifact) -> None:
    assert {file.name for file in traced.path.iterdir()} == {
        "index_to_name.json",
        "manifest.json",
        "model-config.yaml",
        "model.pt",
        "signature.json",
        "tokenizer.json",
        "tokenizer_config.json",
        "twin",
    }
    assert {file.name for file in (traced.path / "twin").iterdir()} == {"config.json", "model.safetensors"}
    assert traced.configuration.save_mode == "torchscript"
    signature = json.loads((traced.path / "signature.json").read_text())
    assert [item["name"] for item in signature["inputs"]] == ["input_ids", "attention_mask"]
    assert signature["outputs"] == ["logits"]


def test_the_same_model_gives_the_same_bytes_whatever_was_traced_before(built: Builder, traced: Artifact) -> None:
    built(tiny_model("bert"), TORCHSCRIPT)
    assert built(own_model(), TORCHSCRIPT).manifest.digest == traced.manifest.digest


def test_it_does_not_tell_where_it_was_made(traced: Artifact) -> None:
    content = (traced.path / "model.pt").read_bytes()
    assert b".py(" not in content
    assert str(Path(__file__).parents[4]).encode() not in content


def test_bfloat16_halves_the_weights_and_keeps_the_model_in_memory_as_it_was(built: Builder) -> None:
    model = tiny_model("bert")
    exact, half = built(model, TORCHSCRIPT), built(model, candidate(Format.TorchScript, Precision.BFloat16))
    assert (half.path / "model.pt").stat().st_size < 0.75 * (exact.path / "model.pt").stat().st_size
    assert {parameter.dtype for parameter in model.parameters()} == {torch.float32}
    loaded = load_model(half)
    assert isinstance(loaded, LoadedModel)
    assert 0 < difference(loaded.engine, model, rows(9, 3)) < 0.1


def test_a_model_whose_trace_holds_for_one_batch_alone_is_refused(built: Builder) -> None:
    with pytest.raises(PreparationFailed, match=r"TorchScript form does not hold for 5 rows of up to 33 tokens"):
        built(own_model(LengthDependent), TORCHSCRIPT)


def test_a_model_that_cannot_be_traced_is_refused_with_the_tracers_reason(built: Builder) -> None:
    model = own_model()
    model.tokens = torch.nn.Embedding(50, 16)  # the next layer wants 32
    with pytest.raises(PreparationFailed, match=r"UnsupportedForm: the model cannot be had in the form TorchScript \("):
        built(model, TORCHSCRIPT)
