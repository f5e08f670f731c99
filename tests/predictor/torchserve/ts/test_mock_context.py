from pathlib import Path

from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.context import Context
    from ts.torch_handler.unit_tests.test_utils.mock_context import MockContext


def test_it_is_a_context_with_one_request(tmp_path: Path) -> None:
    (tmp_path / "model-config.yaml").write_text("handler: {mode: a}\n")
    context = MockContext("weights.pt", tmp_path, None, gpu_id=None, model_yaml_config_file="model-config.yaml")
    assert isinstance(context, Context)
    assert context.manifest == {"model": {"modelName": "mnist", "serializedFile": "weights.pt"}}
    assert context.model_yaml_config == {"handler": {"mode": "a"}}
    assert context.system_properties["model_dir"] == str(tmp_path)
    assert context.get_request_header(0, "explain") == "False"
    context.metrics.add_counter("Seen", 1)
    assert len(context.metrics.drain()) == 1
