import hashlib
import json
import logging
import shutil
import zipfile
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from safetensors.torch import save_file, save_model

from tests.compiler import require_compiler
from tests.predictor.torchserve.ts.archives import ask, context_of
from tests.predictor.torchserve.ts.torch_handler.models import (
    ANSWERS,
    MODEL,
    MODEL_FILE,
    ROWS,
    scaled,
    write_eager,
    write_onnx,
    write_torchscript,
)
from transformermodel_predictor.engines.processor import compiled_here
from transformermodel_predictor.torchserve.testing import handlers_can_import

with handlers_can_import():
    from ts.torch_handler.base_handler import BaseHandler
    from ts.torch_handler.onnx_session import run_session, setup_ort_session

KEPT = Path(__file__).parents[5] / ".cache" / "compiled"


def answers(directory: Path, configuration: dict[str, Any] | None = None, **files: str) -> Any:
    """What BaseHandler answers with an archive's model."""
    handler = BaseHandler()
    handler.initialize(context_of(directory, configuration=configuration, **files))
    return ask(handler, handler.context, ROWS)


@pytest.mark.parametrize("weights", ["weights.pt", "weights.pth", "pytorch_model.bin"])
def test_a_state_dict_goes_into_the_model_of_a_file(tmp_path: Path, weights: str) -> None:
    assert answers(tmp_path, **write_eager(tmp_path, weights)) == ANSWERS


def test_safetensors_too(tmp_path: Path) -> None:
    write_eager(tmp_path)
    save_file(scaled().state_dict(), tmp_path / "model.safetensors")
    assert answers(tmp_path, modelFile=MODEL_FILE, serializedFile="model.safetensors") == ANSWERS


def test_safetensors_write_a_shared_tensor_once(tmp_path: Path) -> None:
    model = MODEL.replace("    def forward", "        self.again = self.linear\n\n    def forward")
    (tmp_path / "tied.py").write_text(model)
    tied = scaled()
    tied.again = tied.linear
    save_model(tied, str(tmp_path / "model.safetensors"))
    assert answers(tmp_path, modelFile="tied.py", serializedFile="model.safetensors") == ANSWERS


def test_a_model_needs_no_weights(tmp_path: Path) -> None:
    (tmp_path / "adding.py").write_text(
        "from torch import nn\n\nclass Adding(nn.Module):\n    def forward(self, x):\n        return x + 1\n"
    )
    assert answers(tmp_path, modelFile="adding.py") == [[2.0, 3.0, 4.0], [1.5, 0.0, 1.0]]


def test_a_pickle_with_more_than_tensors_is_read_with_a_word_of_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    files = write_eager(tmp_path)
    torch.save(scaled(), tmp_path / "weights.pt")
    with caplog.at_level(logging.WARNING):
        assert answers(tmp_path, **files) == ANSWERS
    assert "weights.pt holds more than tensors" in caplog.text


def test_beside_the_model_a_file_may_define_what_is_none(tmp_path: Path) -> None:
    files = write_eager(tmp_path)
    (tmp_path / MODEL_FILE).write_text(f"{MODEL}\n\nclass Settings:\n    pass\n")
    assert answers(tmp_path, **files) == ANSWERS


def test_files_of_one_name_in_two_archives_are_two_modules(tmp_path: Path) -> None:
    for name, sign in (("plus", "+"), ("minus", "-")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "model.py").write_text(
            f"from torch import nn\n\nclass Own(nn.Module):\n    def forward(self, x):\n        return x {sign} 1\n"
        )
    assert answers(tmp_path / "plus", modelFile="model.py")[0] == [2.0, 3.0, 4.0]
    assert answers(tmp_path / "minus", modelFile="model.py")[0] == [0.0, 1.0, 2.0]


def test_onnx_is_run_by_onnx_runtime(tmp_path: Path) -> None:
    write_onnx(tmp_path)
    assert answers(tmp_path, serializedFile="model.onnx") == ANSWERS
    session = setup_ort_session(tmp_path / "model.onnx", "cpu")
    assert session.get_providers() == ["CPUExecutionProvider"]
    assert session.get_session_options().intra_op_num_threads == torch.get_num_threads()


def test_inputs_and_outputs_of_onnx_go_by_order_or_by_name(tmp_path: Path) -> None:
    write_onnx(tmp_path)
    session = setup_ort_session(tmp_path / "model.onnx", "cpu")
    for given in (torch.tensor(ROWS), [torch.tensor(ROWS)], {"x": torch.tensor(ROWS)}):
        assert run_session(session, given).tolist() == ANSWERS


def test_an_exported_program_is_run_as_it_is(tmp_path: Path) -> None:
    torch.export.save(torch.export.export(scaled(), (torch.zeros(2, 3),)), tmp_path / "model.pt2")
    assert answers(tmp_path, serializedFile="model.pt2") == ANSWERS


def compiled_ahead_of_time() -> Path:
    """A package of AOTInductor's for this machine; kept, because it is PyTorch's alone and takes it half a minute."""
    weights = {name: tensor.tolist() for name, tensor in scaled().state_dict().items()}
    made_of = json.dumps([MODEL, weights, compiled_here(torch.device("cpu"))]).encode()
    package = KEPT / f"{hashlib.sha256(made_of).hexdigest()}.pt2"
    if not package.is_file():
        require_compiler()
        exported, once = torch.export.export(scaled(), (torch.zeros(2, 3),)), {"aot_inductor.precompile_headers": False}
        KEPT.mkdir(parents=True, exist_ok=True)
        with TemporaryDirectory(dir=KEPT) as folder:
            made = torch._inductor.aoti_compile_and_package(
                exported, package_path=f"{folder}/model.pt2", inductor_configs=once
            )
            Path(made).replace(package)
    return package


@pytest.mark.slow
def test_what_was_compiled_ahead_of_time_is_run(tmp_path: Path) -> None:
    shutil.copy(compiled_ahead_of_time(), tmp_path / "model.pt2")
    with zipfile.ZipFile(tmp_path / "model.pt2") as package:  # which is a library with what it needs
        (library,) = (name for name in package.namelist() if name.endswith(".so"))
        (tmp_path / "model.so").write_bytes(package.read(library))
    assert answers(tmp_path, serializedFile="model.pt2") == ANSWERS
    assert answers(tmp_path, {"pt2": {"export": {"aot_compile": True}}}, serializedFile="model.so") == ANSWERS


def test_what_cannot_be_loaded_is_said_with_the_remedy(tmp_path: Path) -> None:
    for name in ("model.safetensors", "model.bin", "model.so", "model.pt", "model.pt2"):
        (tmp_path / name).write_bytes(b"nothing")
    for files, message in (
        ({}, "No model weights could be loaded: the manifest names neither serializedFile nor modelFile"),
        ({"serializedFile": "model.safetensors"}, r"No model weights could be loaded: .*model file \(--model-file\)"),
        ({"serializedFile": "model.bin"}, "No model weights could be loaded: .*model.bin needs a model file"),
        ({"serializedFile": "model.so"}, "model.so is loaded where model-config.yaml has pt2: {export: {aot_compile"),
        ({"serializedFile": "model.pt"}, "model.pt cannot be read as TorchScript; a state dict needs a model file"),
        ({"serializedFile": "model.pt2"}, "model.pt2 cannot be read as a package of torch.export or AOTInductor"),
        ({"modelFile": "missing.py"}, "missing.py is missing: the archive needs the file that its manifest names"),
    ):
        with pytest.raises(RuntimeError, match=message):
            answers(tmp_path, **files)


def test_a_missing_or_foreign_state_dict_is_said(tmp_path: Path) -> None:
    write_eager(tmp_path)
    with pytest.raises(RuntimeError, match=r"lost.pt is missing: .* serializedFile"):
        answers(tmp_path, modelFile=MODEL_FILE, serializedFile="lost.pt")
    torch.save({"other": torch.zeros(1)}, tmp_path / "other.pt")
    with pytest.raises(RuntimeError, match="other"):
        answers(tmp_path, modelFile=MODEL_FILE, serializedFile="other.pt")


def test_a_file_with_two_models_names_them(tmp_path: Path) -> None:
    (tmp_path / "two.py").write_text(f"{MODEL}\n\nclass Other(Scaled):\n    pass\n")
    with pytest.raises(RuntimeError, match=r"two\.py must define one class, the model's; it defines Other, Scaled"):
        answers(tmp_path, modelFile="two.py")
    (tmp_path / "empty.py").write_text("")
    with pytest.raises(RuntimeError, match="it defines none"):
        answers(tmp_path, modelFile="empty.py")


def test_a_subclass_may_load_otherwise(tmp_path: Path) -> None:
    class Own(BaseHandler):
        def _load_torchscript_model(self, model_pt_path: str) -> Any:
            return scaled()

        def _load_pickled_model(self, model_dir: str, model_file: str, model_pt_path: str | None) -> Any:
            return super()._load_pickled_model(model_dir, model_file, None)

    for files in ({"serializedFile": "model.pt"}, write_eager(tmp_path)):
        handler = Own()
        handler.initialize(context_of(tmp_path, **files))
        assert len(ask(handler, handler.context, ROWS)) == 2
    write_torchscript(tmp_path)
    assert answers(tmp_path, serializedFile="model.pt") == ANSWERS
