import onnx
import pytest

from tests.predictor.preparation.forms.comparison import difference
from tests.predictor.preparation.forms.conftest import Builder, candidate
from tests.predictor.preparation.forms.own_architecture import LengthDependent, own_model
from tests.predictor.preparation.forms.tiny_models import rows, tiny_model
from transformermodel_api.errors import PreparationFailed
from transformermodel_api.preparation import Format, Precision
from transformermodel_predictor.artifact.directory import Artifact
from transformermodel_predictor.loading import LoadedModel, load_model

ONNX = candidate(Format.ONNX)
INT8 = candidate(Format.ONNX, Precision.Int8)


def test_its_rows_and_tokens_may_be_any_number(converted: Artifact) -> None:
    graph = onnx.load(converted.path / "model.onnx").graph
    shapes = {item.name: [axis.dim_param for axis in item.type.tensor_type.shape.dim] for item in graph.input}
    assert shapes == {"input_ids": ["rows", "tokens"], "attention_mask": ["rows", "tokens"]}


def test_the_same_model_gives_the_same_bytes(built: Builder, converted: Artifact) -> None:
    assert built(own_model(), ONNX).manifest.digest == converted.manifest.digest


def test_int8_stores_linear_layers_with_a_scale_per_channel(built: Builder, capfd: pytest.CaptureFixture[str]) -> None:
    model = tiny_model("bert")
    quantised = built(model, INT8)
    assert capfd.readouterr() == ("", "")
    tensors = {item.name: item for item in onnx.load(quantised.path / "model.onnx").graph.initializer}
    scales = [item for name, item in tensors.items() if name.endswith("_scale") and list(item.dims) == [32]]
    assert scales
    assert any(item.data_type == onnx.TensorProto.INT8 for item in tensors.values())
    loaded = load_model(quantised)
    assert isinstance(loaded, LoadedModel)
    assert 0 < difference(loaded.engine, model, rows(9, 3)) < 0.3
    assert built(model, INT8).manifest.digest == quantised.manifest.digest


def test_a_model_whose_graph_holds_for_one_batch_alone_is_refused(built: Builder) -> None:
    with pytest.raises(PreparationFailed, match=r"ONNX form does not hold for 5 rows of up to 33 tokens"):
        built(own_model(LengthDependent), ONNX)
